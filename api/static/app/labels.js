/** From probabilities to a label, as sentiq/core/labels.py does it: so that a band can be tried without asking again. */

const DECIMALS = 1e5;

/** @param {number} value */
function rounded(value) {
  return Math.round(value * DECIMALS) / DECIMALS;
}

/**
 * True where the neutral band means something: two classes and no more.
 * @param {Record<string, number>} probabilities
 */
export function isBinary(probabilities) {
  const names = Object.keys(probabilities);
  return names.length === 2 && "negative" in probabilities && "positive" in probabilities;
}

/**
 * `{label, score}` of a row; `band` from 0 (off) to 0.5.
 * @param {Record<string, number>} probabilities
 * @param {number} band
 */
export function labelAndScore(probabilities, band) {
  if (isBinary(probabilities)) {
    const margin = rounded(Math.abs(probabilities.positive - 0.5));
    if (margin < band) return { label: "neutral", score: rounded(1 - 2 * margin) };
  }
  const [label, score] = Object.entries(probabilities).reduce((best, found) =>
    found[1] > best[1] || (found[1] === best[1] && found[0] > best[0]) ? found : best,
  );
  return { label, score };
}
