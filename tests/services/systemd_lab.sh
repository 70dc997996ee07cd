#!/bin/sh
# A real systemd, as process 1 of namespaces of its own, with no units but ours; sentiq is installed there as
# docs/services.md says. Root only; nothing of this machine is changed.
#   systemd_lab.sh REPOSITORY PYTHON_PREFIX SITE_PACKAGES REDIS_URL API_PORT
# Ends with whoever started it. Reach it by: nsenter --all --target PID, of the process named systemd.
set -eu
if [ "${6:-}" != inside ]; then
  exec unshare --pid --mount --uts --ipc --cgroup --fork --kill-child --propagation private sh "$0" "$@" inside
fi
repository=$(realpath "$1") python=$(realpath "$2") packages=$(realpath "$3")
version=$(basename "$(dirname "$packages")") # python3.11

mount --make-rshared / # as a systemd that boots a machine would: credentials come to services by propagation
mount -t proc proc /proc
umount -R /sys/fs/cgroup
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/python /run/packages /run/repository /run/etc /run/work /run/lab
mount --bind "$python" /run/python # whoever runs the tests may have it in a home, which the units do not see
mount --bind "$packages" /run/packages
mount --bind "$repository" /run/repository
mount -t overlay -o lowerdir=/etc,upperdir=/run/etc,workdir=/run/work overlay /etc
mount -t tmpfs -o mode=755 tmpfs /srv

useradd --system --home-dir /nonexistent --shell /usr/sbin/nologin sentiq
current=/srv/sentiq/current
mkdir -p $current/.venv/bin $current/.venv/lib/$version/site-packages
for part in "$repository"/*; do ln -s "/run/repository/${part##*/}" $current/; done
ln -s /run/python/bin/$version $current/.venv/bin/python
echo "home = /run/python/bin" >$current/.venv/pyvenv.cfg
echo /run/packages >$current/.venv/lib/$version/site-packages/all.pth
{ echo "#!$current/.venv/bin/python" && tail -n +2 "$packages/../../../bin/gunicorn"; } >$current/.venv/bin/gunicorn
chmod 755 $current/.venv/bin/gunicorn

install -d -m 700 /etc/sentiq/secrets
printf 'SENTIQ_PORT=%s\n' "$5" >/etc/sentiq/sentiq.env
printf '%s\n' "$4" >/etc/sentiq/secrets/sentiq_redis_url
echo CHILDREN=1 >/etc/sentiq/bulk.env
cp -r "$repository"/deploy/systemd/sentiq* /etc/systemd/system/

for target in default sysinit basic shutdown; do # this systemd starts nothing by itself
  printf '[Unit]\nDefaultDependencies=no\n' >/run/lab/$target.target
done
mkdir /etc/systemd/system/service.d # there is no journal; and a Python that was moved must find its library
cat >/etc/systemd/system/service.d/lab.conf <<END
[Service]
StandardOutput=append:/run/lab/log
StandardError=inherit
Environment=LD_LIBRARY_PATH=/run/python/lib
END
exec env -i container=lab SYSTEMD_UNIT_PATH=/run/lab:/etc/systemd/system PATH="$PATH" /lib/systemd/systemd --system \
  --log-target=console --show-status=0
