#!/bin/busybox sh
# The first process of a guest: records what the oracles do, without lockdown and then under the strictest, and writes to the second serial line what
# the oracles said and what was recorded, a line of "LOCKDOWN/STEP/WHAT text" each; the last is "done". Judges nothing. The first serial line is the
# console: the kernel's messages and everybody's standard error.
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs tmp /tmp
mount -t tmpfs run /run
mount -t securityfs security /sys/kernel/security
mount -t cgroup2 cgroups /sys/fs/cgroup
ifconfig lo up
exec </dev/null >/dev/ttyS0 2>&1 3>/dev/ttyS1
stty -F /dev/ttyS1 raw

# tell WHAT: standard input, line by line.
tell() {
    sed "s|^|$lockdown/$1 |" >&3
}

# record STEP COMMAND…: one container, with what its command said and its exit code.
record() {
    id=$1
    shift
    bubble-chamber run --data "$data" --id "$id" -- "$@" >"$data.$id"
    echo $? | tell "$id/code"
    tell "$id/truths" <"$data.$id"
}

# dump STEP WHAT: what stands in the database.
dump() {
    bubble-chamber db dump --data "$data" --container "$1" --what "$2"
}

# A dead process that nobody reaps before its end is on record. The looks have an end, so that the guest has one.
record_zombie() {
    mkfifo "$data.hold"
    record zombie deaths zombie 200 <"$data.hold" &
    exec 4>"$data.hold"
    looks=0
    until dump zombie processes | grep '"exit_code":6' >/tmp/zombie || [ $looks = 90 ]; do
        looks=$((looks + 1))
        sleep 1
    done
    tell zombie/unreaped </tmp/zombie
    exec 4>&-
    wait $!
}

round() {
    lockdown=$(sed 's/.*\[//; s/\].*//' /sys/kernel/security/lockdown)
    data=/tmp/$lockdown
    bubble-chamber recorder --check --json | tell kernel/check

    bubble-chamber up --data "$data" --listen 127.0.0.1:0 >"$data.link" &
    up=$!
    until grep -q token= "$data.link"; do
        kill -0 $up || break
        sleep 0.1
    done
    find /sys/fs/bpf -mindepth 1 | tell up/pins
    record storm storm 300 mix
    record codes deaths codes
    record leader-first burn leader-first 2 3000
    record thread-exec burn thread-exec 3 1000
    record_zombie
    kill $up
    wait $up
    echo $? | tell stop/code
    find /sys/fs/bpf -mindepth 1 | tell stop/pins
    for step in storm codes leader-first thread-exec zombie; do
        for what in processes losses; do
            dump $step $what | tell $step/$what
        done
    done
}

round
echo confidentiality >/sys/kernel/security/lockdown
round
echo done >&3
exec 3>&-
poweroff -f
