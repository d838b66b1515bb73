#!/bin/sh
# Becomes Alertmanager, with a configuration from the environment, which it does not read itself. Secrets come from
# files (compose mounts them in /run/secrets) and go to files in memory. With neither a webhook nor a mail server,
# the alerts are shown and sent to nobody. Of POSIX only, since the image brings nothing but busybox.
set -eu
umask 077
secrets=${SECRETS_FOLDER:-/run/secrets}
folder=${CONFIG_FOLDER:-/dev/shm/alertmanager}
page="${NIGHTSHELF_RUNBOOK_URL-}{{ .Annotations.runbook_url }}"
lines="{{ range .Alerts }}{{ .Annotations.summary }}\nRunbook: $page\n\n{{ end }}"
mkdir -p "$folder"

quoted() { printf "'%s'" "$(printf %s "$1" | sed "s/'/''/g")"; }

decoded() { # what a URL writes as %40
  printf %s "$1" | awk '{
    out = ""
    while (match($0, /%[0-9A-Fa-f][0-9A-Fa-f]/)) {
      high = index("0123456789ABCDEF", toupper(substr($0, RSTART + 1, 1))) - 1
      low = index("0123456789ABCDEF", toupper(substr($0, RSTART + 2, 1))) - 1
      out = out substr($0, 1, RSTART - 1) sprintf("%c", 16 * high + low)
      $0 = substr($0, RSTART + 3)
    }
    printf "%s", out $0
  }'
}

slack() {
  cat <<YAML
    slack_configs:
      - send_resolved: true
        title: '{{ .CommonLabels.alertname }} ({{ .CommonLabels.severity }}, {{ .Status }})'
        text: "$lines"
YAML
  echo "        api_url_file: $(quoted "$secrets/slack_webhook")"
}

mail() { # of smtp:// or smtps://[user:password@]host[:port], with a password only over TLS
  : "${NIGHTSHELF_MAIL_FROM:?NIGHTSHELF_SMTP_URL is set, but not who writes}"
  : "${NIGHTSHELF_MAIL_TO:?NIGHTSHELF_SMTP_URL is set, but not to whom}"
  url=$(cat "$secrets/smtp_url")
  place=${url#*://} && place=${place%%/*} login=
  case $place in *@*) login=${place%@*} place=${place##*@} ;; esac
  case $url in
    smtps://*) port=465 implicit=true safe=true ;;
    smtp://*) port=25 implicit=false safe=false ;;
    *) echo "alertmanager: NIGHTSHELF_SMTP_URL begins neither with smtp:// nor with smtps://" >&2 && exit 2 ;;
  esac
  case $place in *:*) port=${place##*:} place=${place%:*} ;; esac
  [ -z "$login" ] || safe=true
  cat <<YAML
    email_configs:
      - send_resolved: true
        from: $(quoted "$NIGHTSHELF_MAIL_FROM")
        to: $(quoted "$NIGHTSHELF_MAIL_TO")
        smarthost: $(quoted "$place:$port")
        require_tls: $safe
        force_implicit_tls: $implicit
YAML
  cat <<YAML
        headers: {Subject: 'Nightshelf: {{ .CommonLabels.alertname }} ({{ .CommonLabels.severity }}, {{ .Status }})'}
        html: ''
        text: "$lines"
YAML
  if [ -n "$login" ]; then
    decoded "${login#*:}" >"$folder/smtp_password"
    echo "        auth_username: $(quoted "$(decoded "${login%%:*}")")"
    echo "        auth_password_file: $(quoted "$folder/smtp_password")"
  fi
}

{
  cat <<'YAML'
route:
  receiver: on-call
  group_by: [alertname]
  group_wait: 30s
  repeat_interval: 4h
receivers:
  - name: on-call
YAML
  if [ -s "$secrets/slack_webhook" ]; then slack; fi
  if [ -s "$secrets/smtp_url" ]; then mail; fi
} >"$folder/alertmanager.yml"

exec alertmanager --config.file="$folder/alertmanager.yml" "$@"
