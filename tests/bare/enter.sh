# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# enter.sh ROOT COMMAND...: runs a command in a root file system, as its process 1 in mount and PID namespaces of their own.
# pivot_root and not chroot: a container engine in there must be able to do the same. Every process in it ends with the command.
exec unshare --mount --pid --fork --kill-child sh -ec '
    root=$1
    shift
    mount --make-rprivate /
    mount --bind "$root" "$root"
    mount --rbind /sys "$root/sys"
    mount --rbind /dev "$root/dev"
    mount -t proc proc "$root/proc"
    mount -t tmpfs tmpfs "$root/run"
    mount -t tmpfs tmpfs "$root/tmp"
    # What udev makes of these two on a machine that was booted: anybody may open them.
    for device in fuse:10:229 net/tun:10:200; do
        name=${device%%:*} number=${device#*:}
        test -e "$root/dev/$name" || continue
        mkdir -p "$root/run/devices/${name%/*}"
        mknod -m 666 "$root/run/devices/$name.node" c "${number%:*}" "${number#*:}"
        mount --bind "$root/run/devices/$name.node" "$root/dev/$name"
    done
    mkdir -p "$root/.before"
    cd "$root"
    pivot_root . .before
    cd /
    umount -l /.before
    mount --make-shared /
    exec "$@"
' enter "$@"
