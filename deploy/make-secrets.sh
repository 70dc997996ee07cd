#!/bin/sh
# Makes the secrets of docker-compose.yml that are missing: deploy/make-secrets.sh [FOLDER]. Prints nothing of them.
# The folder is its owner's alone; the files can be read by the containers, whose users this host does not know.
set -eu
folder=${1:-.secrets}
umask 022
mkdir -p "$folder"
chmod 700 "$folder"

random() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }

make() { # NAME PREFIX
    [ -e "$folder/$1" ] && return
    printf '%s%s\n' "${2-}" "$(random)" >"$folder/$1.new"
    mv "$folder/$1.new" "$folder/$1"
}

make sentiq_redis_password
make sentiq_admin_token
make sentiq_metrics_token
make sentiq_flower_login operator:
make grafana_password
