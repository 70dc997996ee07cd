{{/* Labels of each object; selectors use app.kubernetes.io/name alone. */}}
{{- define "sentiq.labels" -}}
app.kubernetes.io/part-of: sentiq
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{/* An image of ours. Takes (list ROOT NAME). */}}
{{- define "sentiq.image" -}}
{{- $root := index . 0 -}}
{{- with $root.Values.image.registry }}{{ . }}/{{ end }}{{ index . 1 }}:{{ $root.Values.image.tag | default $root.Chart.AppVersion }}
{{- end }}

{{- define "sentiq.redis" -}}
{{- if .Values.redis.enabled -}}
redis://redis:6379/0
{{- else -}}
{{ .Values.redis.url }}
{{- end -}}
{{- end }}

{{/* What every pod of ours begins with. */}}
{{- define "sentiq.pod" -}}
automountServiceAccountToken: false
enableServiceLinks: false  # they would set SENTIQ_… names that are no settings, were a service called so
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  seccompProfile: {type: RuntimeDefault}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
{{- range . }}
  - name: {{ . }}
{{- end }}
{{- end }}
{{- end }}

{{- define "sentiq.container" -}}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
{{- end }}

{{/* Environment of all processes of ours; those of one process follow. */}}
{{- define "sentiq.env" -}}
- {name: SENTIQ_REDIS_URL, value: {{ include "sentiq.redis" . | quote }}}
- {name: SENTIQ_SECRETS_DIR, value: /run/secrets/sentiq}
- {name: SENTIQ_LOG_FORMAT, value: json}
{{- range $name, $value := .Values.settings }}
- {name: {{ $name }}, value: {{ $value | toString | quote }}}
{{- end }}
{{- end }}

{{/* The volume of secrets. Takes (list ROOT KEY…). */}}
{{- define "sentiq.secrets" -}}
- name: secrets
  secret:
    secretName: {{ (index . 0).Values.secret }}
    defaultMode: 0440
    items:
{{- range rest . }}
      - {key: {{ . }}, path: {{ . }}}
{{- end }}
{{- end }}
