# A private Docker Engine's first process, in network, mount and process namespaces of its own; see private_engine.rs.
#
#   sh first_process.sh BASE PACKAGES FOLDER SOCKETS
#
# BASE: the system to run in. PACKAGES: what to add to it, or nothing. FOLDER: the engine's own. SOCKETS: where its socket appears.
set -eu
base=$1 packages=$2 folder=$3 sockets=$4

# What the engine writes outside its folder (/etc/docker, /opt/containerd, ...) goes to memory that is gone with it.
mount -n -t tmpfs -o mode=0755 tmpfs "$folder/scratch"
cd "$folder/scratch"
mkdir written work root
mount -n -t overlay -o "lowerdir=$base,upperdir=written,workdir=work" overlay root
mount -n --rbind /proc root/proc
mount -n --rbind /dev root/dev
# Afresh, to show the new network namespace, and not the machine's AppArmor, into which Docker would load profiles.
mount -n -t sysfs sysfs root/sys
mount -n --rbind /sys/fs/cgroup root/sys/fs/cgroup
mount -n -t tmpfs -o mode=0755 tmpfs root/run
mkdir -p root/run/engine root/run/sockets root/run/packages root/run/machine root/var/lib/docker
mount -n --bind "$folder" root/run/engine
mount -n --bind "$sockets" root/run/sockets
if [ -n "$packages" ]; then mount -n --bind "$packages" root/run/packages; fi
mount -n --bind "$folder/data" root/var/lib/docker
cd root
pivot_root . run/machine
cd /
umount -n -l /run/machine

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
exec tini -- dockerd --config-file /run/engine/daemon.json
