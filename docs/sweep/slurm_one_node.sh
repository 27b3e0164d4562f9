#!/bin/bash
# A Slurm of one node on this machine, as root, to try slurm.sh on: Debian's slurm-wlm and munge, no systemd, no cgroups.
#
#     apt-get install slurm-wlm munge
#     docs/sweep/slurm_one_node.sh
#     kill $(cat /var/lib/tamis-slurm/*.pid)             to end it
#
# It writes /etc/slurm/slurm.conf and cgroup.conf anew.
set -euo pipefail
state=/var/lib/tamis-slurm
node=$(hostname -s)
mkdir -p "$state/ctld" "$state/d" /run/munge
chown munge: /run/munge
cat > /etc/slurm/slurm.conf <<END
ClusterName=one
SlurmctldHost=$node(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
StateSaveLocation=$state/ctld
SlurmdSpoolDir=$state/d
SlurmctldLogFile=$state/ctld.log
SlurmdLogFile=$state/d.log
SlurmctldPidFile=$state/ctld.pid
SlurmdPidFile=$state/d.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
ReturnToService=2
NodeName=$node NodeAddr=127.0.0.1 CPUs=$(nproc) State=UNKNOWN
PartitionName=all Nodes=$node Default=YES State=UP
END
echo 'CgroupPlugin=cgroup/v1' > /etc/slurm/cgroup.conf
pgrep -x munged > /dev/null || runuser -u munge -- /usr/sbin/munged
slurmctld
slurmd
sinfo
