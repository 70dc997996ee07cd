/** The answers of the API that the web page reads. tests/unit/test_page_types.py compares them with the schemas here. */

interface ErrorDocument {
  code: string;
  detail: string;
}

interface ProblemError extends ErrorDocument {
  pointer: string | null;
  line: number | null;
}

interface RowErrorDocument extends ErrorDocument {
  line: number | null;
}

interface Counts {
  total: number;
  completed: number;
  failed: number;
  without_text: number;
}

interface ModelDocument {
  id: string | null;
  version: string | null;
}

interface OptionsDocument {
  long_texts: string;
  neutral_band: number | null;
  priority: string;
  start_at: string | null;
  window: string | null;
  time_zone: string;
  expire_at: string | null;
  webhook: string | null;
  keep_columns: boolean;
  language: string | null;
  aspects: string | null;
}

interface FileDocument {
  name: string;
  format: string;
  compression: string | null;
  encoding: string | null;
  delimiter: string | null;
  quotes: boolean | null;
  has_header: boolean | null;
  header_row: number | null;
  sheet: string | null;
  text_column: string | null;
  text_number: number | null;
  text_numbers: number[];
  id_column: string | null;
  id_number: number | null;
  label_column: string | null;
  label_number: number | null;
  date_column: string | null;
  date_number: number | null;
  language_column: string | null;
  language_number: number | null;
  date_order: "day_first" | "month_first" | "year_first" | null;
  columns: string[];
  notes: NoteDocument[];
}

interface NoteDocument {
  code: string;
  detail: string;
  facts: Record<string, string | number | string[]>;
}

interface JobDocument {
  id: string;
  object: string;
  name: string | null;
  metadata: Record<string, string>;
  state: string;
  lane: string;
  model: ModelDocument;
  options: OptionsDocument;
  file: FileDocument | null;
  has_languages: boolean;
  counts: Counts;
  created_at: string;
  started_at: string | null;
  ended_at: string | null;
  expires_at: string;
  paused_at: string | null;
  scheduled_for: string | null;
  queue_position: number | null;
  texts_per_second: number | null;
  eta_s: number | null;
  error: ErrorDocument | null;
  links: Record<string, string>;
}

interface JobWithResults extends JobDocument {
  results: ResultsPage;
}

interface JobList {
  object: string;
  data: JobDocument[];
  next: string | null;
}

/** Either a prediction or an error: the fields of the other are null. */
type RowDocument = LabelledRow | FailedRow;

interface RowAspect {
  aspect: string;
  label: string;
  score: number;
  clause: string;
}

interface RowFields {
  index: number;
  custom_id: string | null;
  truncated: boolean;
  degraded: boolean;
  language?: string;
  aspects?: RowAspect[];
  columns?: [heading: string, cell: string][];
  text?: string;
}

interface LabelledRow extends RowFields {
  label: string;
  label_zh: string | null;
  score: number;
  probabilities: Record<string, number>;
  model: string;
  error: null;
}

interface FailedRow extends RowFields {
  label: null;
  label_zh: null;
  score: null;
  probabilities: null;
  /** The one that was to answer; null where routes sent the row to none. */
  model: string | null;
  error: RowErrorDocument;
}

interface ResultsPage {
  object: string;
  data: RowDocument[];
  next: string | null;
}

interface Matches {
  object: string;
  matches: number;
  next: string | null;
}

interface Bin {
  start: number;
  end: number;
  count: number;
}

interface Failure {
  code: string;
  count: number;
  index: number;
  detail: string;
  line: number | null;
}

interface Group {
  value: string | null;
  counts: Record<string, number>;
  rows: number;
}

interface Summary {
  object: string;
  job_id: string;
  state: string;
  rows: number;
  counts: Record<string, number>;
  shares: Record<string, number>;
  histogram: Bin[];
  failures: Failure[];
  languages?: Record<string, number>;
  groups?: Group[];
}

interface Figure {
  value: number;
  low: number;
  high: number;
}

interface CrossGroup {
  value: string | null;
  rows: number;
  parameters: Record<string, string> | null;
}

interface CrossCell {
  rows: number;
  counts: Record<string, number>;
  shares: Record<string, Figure>;
}

interface Cross {
  object: string;
  job_id: string;
  state: string;
  counted: "rows" | "mentions";
  total: number;
  rows: CrossGroup[];
  columns: CrossGroup[];
  cells: CrossCell[][];
}

interface TimelineChange {
  label: string;
  difference: number;
  p_value: number;
}

interface TimelinePoint {
  start: string;
  end: string;
  rows: number;
  counts: Record<string, number>;
  shares: Record<string, Figure>;
  averages: Record<string, number>;
  changes: TimelineChange[];
}

interface Timeline {
  object: string;
  job_id: string;
  state: string;
  step: "hour" | "day" | "week" | "month";
  rows: number;
  undated: Record<string, number>;
  averaged: number;
  comparisons: number;
  points: TimelinePoint[];
}

interface PhraseForm {
  phrase: string;
  rows: number;
}

interface PhraseExample {
  index: number;
  label: string;
  text: string;
}

interface PhraseDocument {
  phrase: string;
  rows: number;
  share: Figure;
  rows_against: number;
  share_against: Figure;
  log_odds: number;
  z: number;
  negative: Figure | null;
  forms: PhraseForm[];
  examples: PhraseExample[];
}

interface PhraseRows {
  rows: number;
  looked_at: number;
}

interface Phrases {
  object: string;
  job_id: string;
  here: PhraseRows;
  against: PhraseRows;
  data: PhraseDocument[];
}

interface LabelFigures {
  label: string;
  rows: number;
  predicted: number;
  precision: Figure | null;
  recall: Figure | null;
  f1: Figure | null;
}

interface SourceFigures {
  source: string;
  rows: number;
  accuracy: Figure;
}

interface ScoreBin {
  low: number;
  high: number;
  rows: number;
  score: number;
  accuracy: Figure;
}

interface CalibrationFigures {
  rows: number;
  error: Figure;
  by_chance: number;
  bins: ScoreBin[];
}

interface ConfusionCounts {
  labels: string[];
  counts: number[][];
}

interface Mistake {
  index: number;
  text: string;
  label: string;
  predicted: string;
  score: number;
  source: string;
}

interface MissingLabel {
  label: string;
  model: string;
  rows: number;
}

interface EvaluationDocument {
  object: string;
  job_id: string;
  label_column: string;
  rows: number;
  without_label: number;
  without_answer: number;
  labels_missing: MissingLabel[];
  accuracy: Figure;
  macro_f1: Figure;
  by_label: LabelFigures[];
  confusion: ConfusionCounts;
  calibration: CalibrationFigures | null;
  by_source: SourceFigures[];
  mistakes: Mistake[];
}

interface Point {
  at: string;
  rows: number;
}

interface Throughput {
  object: string;
  step_s: number;
  points: Point[];
}

interface ColumnDocument {
  number: number;
  name: string;
  samples: string[];
}

interface UploadDocument {
  id: string;
  object: string;
  filename: string;
  bytes: number;
  created_at: string;
  expires_at: string;
  format: FileDocument;
  options: string[];
  sheets: string[];
  columns: ColumnDocument[];
  preview: string[][];
}

interface StoredModelDocument {
  id: string;
  version: string;
  labels: string[];
  max_tokens: number;
  precision: string;
  source: string;
  accuracy: number | null;
  tested_on: number | null;
  active: boolean;
  workers: string[];
}

interface ModelList {
  object: string;
  data: StoredModelDocument[];
}

interface ActivationDocument {
  active: string | null;
  candidate: string | null;
  error: string | null;
}

interface LaneDocument {
  lane: string;
  waiting: number;
  in_flight: number;
  demand: number;
  children: number;
  busy: number;
  oldest_waiting_s: number;
  texts_per_second: number | null;
}

interface WorkerDocument {
  name: string;
  lane: string;
  children: number;
  busy: number;
  model: string;
  degraded: boolean;
  memory_bytes: number | null;
  started_at: string;
  seen_at: string;
}

interface JobCounts {
  all: number;
  receiving: number;
  waiting: number;
  timed: number;
}

interface RedisDocument {
  used_memory_bytes: number;
  max_memory_bytes: number | null;
}

interface CacheDocument {
  hits: number;
  misses: number;
  entries: number;
}

interface ClusterDocument {
  object: string;
  lanes: LaneDocument[];
  workers: WorkerDocument[];
  texts_per_second: number | null;
  rows_waiting: number;
  jobs: JobCounts;
  redis: RedisDocument;
  cache: CacheDocument;
}

interface AspectDefinition {
  name: string;
  words: string[];
  except?: string[];
}

interface AspectSetDefinition {
  id: string;
  title: string;
  aspects: AspectDefinition[];
}

interface AspectSetVersion {
  version: string;
  stored_at: string | null;
}

interface AspectSetDocument {
  id: string;
  object: string;
  version: string;
  built_in: boolean;
  stored_at: string | null;
  definition: AspectSetDefinition;
  versions?: AspectSetVersion[];
}

interface AspectSetList {
  object: string;
  data: AspectSetDocument[];
}

interface AspectCounts {
  aspect: string;
  rows: number;
  share: Figure | null;
  counts: Record<string, number>;
  shares: Record<string, Figure>;
}

interface JobAspects {
  object: string;
  job_id: string;
  state: string;
  aspect_set: string;
  rows: number;
  rows_with_aspects: number;
  data: AspectCounts[];
  worst: string[];
}

interface Rise {
  start: string;
  end: string;
  difference: number;
  p_value: number;
}

interface Finding {
  kind: "aspect" | "phrase";
  name: string;
  rows: number;
  negative: number;
  share: Figure;
  of_all: Figure;
  rise: Rise | null;
  phrases: PhraseForm[];
  examples: PhraseExample[];
  parameters: Record<string, string>;
}

interface Findings {
  object: string;
  job_id: string;
  state: string;
  rows: number;
  data: Finding[];
}
