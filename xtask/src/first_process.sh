# shellcheck shell=sh
# A private Docker Engine's first process, in network, mount and process namespaces of its own; see private_engine.rs.
#
#   sh first_process.sh BASE PACKAGES FOLDER SOCKETS DAEMON CGROUP
#
# BASE: the system to run in. PACKAGES: what to add to it, or nothing. FOLDER: the engine's own. SOCKETS: where its socket appears.
# DAEMON: docker or podman. CGROUP: the name of the control group for its containers.
set -eu
base=$1 packages=$2 folder=$3 sockets=$4 daemon=$5 cgroup=$6

# In a swarm, nodes are told apart by it.
if [ -n "${HOST_NAME:-}" ]; then echo "$HOST_NAME" >/proc/sys/kernel/hostname; fi

# Docker is told of the group. Podman takes the root of what it sees, which this makes the group.
if [ "$daemon" = podman ] && [ -z "${JOINED:-}" ]; then
    for hierarchy in /sys/fs/cgroup/ /sys/fs/cgroup/*/; do
        if [ ! -e "${hierarchy}cgroup.procs" ]; then continue; fi
        mkdir -p "$hierarchy$cgroup"
        if [ -e "${hierarchy}cpuset.cpus" ] && [ -e "${hierarchy}cgroup.clone_children" ]; then
            cat "${hierarchy}cpuset.cpus" >"$hierarchy$cgroup/cpuset.cpus"
            cat "${hierarchy}cpuset.mems" >"$hierarchy$cgroup/cpuset.mems"
        fi
        echo 0 >"$hierarchy$cgroup/cgroup.procs"
        # Version 2 is one hierarchy, whose folders are groups.
        if [ -e "${hierarchy}cgroup.controllers" ] && [ "$hierarchy" = /sys/fs/cgroup/ ]; then break; fi
    done
    JOINED=yes exec unshare --cgroup /bin/sh "$0" "$@"
fi

# What the engine writes outside its folder (/etc/docker, /opt/containerd, ...) goes to memory that is gone with it.
mount -n -t tmpfs -o mode=0755 tmpfs "$folder/scratch"
cd "$folder/scratch"
mkdir written work root
mount -n -t overlay -o "lowerdir=$base,upperdir=written,workdir=work" overlay root
mount -n --rbind /proc root/proc
mount -n --rbind /dev root/dev
# Afresh, to show the new network namespace, and not the machine's AppArmor, into which Docker would load profiles.
mount -n -t sysfs sysfs root/sys
if [ "$daemon" = docker ]; then
    mount -n --rbind /sys/fs/cgroup root/sys/fs/cgroup
elif [ -e /sys/fs/cgroup/cgroup.controllers ]; then
    mount -n -t cgroup2 cgroup root/sys/fs/cgroup
    # Only a group without processes of its own gives controllers to others.
    mkdir root/sys/fs/cgroup/init
    echo 0 >root/sys/fs/cgroup/init/cgroup.procs
else
    mount -n -t tmpfs -o mode=0755 tmpfs root/sys/fs/cgroup
    for controllers in $(cut -d : -f 2 /proc/self/cgroup); do
        mkdir "root/sys/fs/cgroup/${controllers#name=}"
        case $controllers in name=*) controllers=none,$controllers ;; esac
        mount -n -t cgroup -o "$controllers" cgroup "root/sys/fs/cgroup/${controllers#*name=}"
    done
fi
mount -n -t tmpfs -o mode=0755 tmpfs root/run
mkdir -p root/run/engine root/run/sockets root/run/packages root/run/machine root/var/lib/docker
mount -n --bind "$folder" root/run/engine
mount -n --bind "$sockets" root/run/sockets
if [ -n "$packages" ]; then mount -n --bind "$packages" root/run/packages; fi
# A dockerd of the user's, with what lies beside it.
if [ -n "${DOCKERD:-}" ]; then
    mkdir root/run/dockerd
    mount -n --bind "$(dirname "$DOCKERD")" root/run/dockerd
fi
mount -n --bind "$folder/data" root/var/lib/docker
cd root

# The root that a process gets who joins these namespaces, as docker exec does, must be ours: where we were started in a
# chroot, it is still the machine's. To join our own takes us out of the chroot. What runs then needs no library of the machine.
for busybox in run/packages/bin/busybox bin/busybox usr/bin/busybox; do
    if [ -x "$busybox" ]; then break; fi
done
exec nsenter --mount=/proc/self/ns/mnt --wd=. "./$busybox" sh -euc '
    "$1" pivot_root . run/machine
    cd /
    "/$1" umount -l /run/machine
    exec /bin/sh /run/engine/engine_process.sh "$2"
' sh "$busybox" "$daemon"
