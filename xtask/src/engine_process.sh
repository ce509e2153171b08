# shellcheck shell=sh
# What a private engine's first process becomes, once the root is its own; see first_process.sh.
#
#   sh engine_process.sh DAEMON
set -eu

# As links, since overlayfs takes no layer that lies within another.
for name in bin sbin lib lib64 usr; do
    if [ -d "/run/packages/$name" ] && [ ! -L "/run/packages/$name" ]; then
        cp --archive --symbolic-link --force "/run/packages/$name/." "/$name/"
    fi
done

busybox ip link set lo up
for kind in nft legacy; do
    ln -sf "xtables-$kind-multi" /usr/sbin/iptables
    ln -sf "xtables-$kind-multi" /usr/sbin/ip6tables
    if iptables --table nat --list-rules >/dev/null 2>&1; then break; fi
done

# One daemon: TLS is its own; where TLS is on, it has no plain TCP, which is relayed to its socket.
socat -t 86400 TCP-LISTEN:2375,bind=127.0.0.1,fork,reuseaddr UNIX-CONNECT:/run/sockets/docker.sock &
if [ -n "${DOCKERD:-}" ]; then
    PATH=/run/dockerd:$PATH
    exec tini -- "/run/dockerd/${DOCKERD##*/}" --config-file /run/engine/daemon.json
fi
if [ "$1" = docker ]; then exec tini -- dockerd --config-file /run/engine/daemon.json; fi

cp /run/engine/containers.conf /run/engine/registries.conf /etc/containers/
export PODMAN_IGNORE_CGROUPSV1_WARNING=yes
exec tini -- podman --root /run/engine/data/storage --runroot /run/podman \
    system service --time 0 unix:///run/sockets/docker.sock
