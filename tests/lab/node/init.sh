#!/bin/bash
# init.sh NODE_FOLDER HOSTNAME PROGRAMS -- the first program of a node after tini, in fresh namespaces.
# Gives the node its own disk (an ext4 image), its own root (an overlay over the machine's), its own view of cgroups, and
# keeps the services of NODE_FOLDER/services running as systemd's Restart=always would.
set -eu
folder=$1 name=$2 programs=$3 disk=$1/disk root=$1/root
hostname "$name"
mkdir -p "$disk" "$root"
mount -o loop,noatime,barrier=0 "$folder/disk.img" "$disk"    # goes with this mount namespace, and frees its loop device then
mkdir -p "$disk"/{upper,work,containerd,kubelet,etcd,opt}
mount -t overlay overlay -o "lowerdir=/,upperdir=$disk/upper,workdir=$disk/work" "$root"
cp -a "$folder/rootfs/." "$root/"
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"
for t in run tmp; do mount -t tmpfs tmpfs "$root/$t"; done
chmod 1777 "$root/tmp"
# an overlay cannot be the upper side of containerd's overlays, so these lie on the disk itself
for d in containerd kubelet etcd; do mkdir -p "$root/var/lib/$d"; mount --bind "$disk/$d" "$root/var/lib/$d"; done
mkdir -p "$root"/opt/{lab/bin,cni/bin,local-path-provisioner} "$root/var/log/kubernetes" "$root/run/lab"
mount --bind "$disk/opt" "$root/opt/local-path-provisioner"
mount --bind "$programs" "$root/opt/lab/bin"
mount --bind /usr/lib/cni "$root/opt/cni/bin"
mount --bind "$folder/log" "$root/var/log/kubernetes"
# what lies beyond the nodes and outlives them, a folder for each zone; see tiers/zonal_volumes.py
mkdir -p "$folder/../../zones" "$root/var/lib/lab-zones"
mount --bind "$folder/../../zones" "$root/var/lib/lab-zones"
if [ -e "$folder/api-server-log" ]; then            # the log folder of an API server, whose own node is none of Kubernetes'
  mkdir -p "$root/var/log/kube-apiserver"
  mount --bind "$folder/api-server-log/" "$root/var/log/kube-apiserver"
fi
cat /proc/sys/kernel/random/uuid > "$root/run/lab/boot_id"
mount --bind "$root/run/lab/boot_id" "$root/proc/sys/kernel/random/boot_id"
[ ! -e "$folder/meminfo" ] || mount --bind "$folder/meminfo" "$root/proc/meminfo"
cgroups=$root/sys/fs/cgroup
if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
  mount -t cgroup2 cgroup2 "$cgroups"
else
  mount -t tmpfs -o mode=755 cgroup "$cgroups"
  while IFS=: read -r _ controllers _; do           # the machine's hierarchies, seen from this cgroup namespace
    case $controllers in
      "") mkdir "$cgroups/unified"; mount -t cgroup2 cgroup2 "$cgroups/unified" ;;
      name=*) mkdir "$cgroups/${controllers#name=}"; mount -t cgroup -o "none,$controllers" cgroup "$cgroups/${controllers#name=}" ;;
      *) mkdir "$cgroups/$controllers"; mount -t cgroup -o "$controllers" cgroup "$cgroups/$controllers" ;;
    esac
  done < /proc/self/cgroup
fi
cp "$folder/services" "$root/run/lab/services"
cd "$root"; mkdir -p .old; pivot_root . .old; cd /; umount -l /.old
mount --make-rshared /
export PATH=/opt/lab/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export GOGC=200                                     # a tenth less CPU for a quarter more memory of the components
while read -r service command; do                   # /run/lab/SERVICE.stop holds a service down, SERVICE.more has further flags
  ( while :; do
      while [ -e "/run/lab/$service.stop" ]; do sleep 0.2; done
      $command $(cat "/run/lab/$service.more" 2> /dev/null || true) >> "/var/log/kubernetes/$service.log" 2>&1 & echo $! > "/run/lab/$service.pid"
      wait $! || true
      echo "lab: $service ended, again in 1 s" >> "/var/log/kubernetes/$service.log"; sleep 1
    done ) &
done < /run/lab/services
wait
