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

# await PID COMMAND…: until the command succeeds, or the process is gone and it never will.
await() {
    pid=$1
    shift
    until "$@" || ! kill -0 "$pid"; do
        sleep 0.1
    done
}

start_up() {
    # One that an earlier recorder of this directory has printed says nothing of this one.
    rm -f "$data.link"
    bubble-chamber up --data "$data" --listen 127.0.0.1:0 >"$data.link" &
    up=$!
    await $up grep -qs token= "$data.link"
}

zombie_ended() {
    dump zombie processes | grep '"exit_code":6' >/tmp/zombie
}

# A dead process that nobody reaps before its end is on record. The looks have an end, so that the guest has one.
record_zombie() {
    mkfifo "$data.hold"
    record zombie deaths zombie 200 <"$data.hold" &
    run=$!
    exec 4>"$data.hold"
    looks=0
    until zombie_ended || [ $looks = 60 ] || ! kill -0 $run; do
        looks=$((looks + 1))
        sleep 1
    done
    tell zombie/unreaped </tmp/zombie
    exec 4>&-
    wait $run
}

# A process that uses CPU and ends while nobody records, between a recorder that is killed and the next.
record_killed() {
    mkfifo "$data.hold"
    record killed burn pause 500 <"$data.hold" &
    run=$!
    exec 4>"$data.hold"
    await $run grep -qs paused "$data.killed"
    kill -9 $up
    wait $up
    exec 4>&-
    await $run grep -q ended "$data.killed"
    start_up
    wait $run
}

# stop_up NAME STEP…: what it leaves in the kernel, and in the database of these.
stop_up() {
    kill $up
    wait $up
    echo $? | tell "$1/code"
    find /sys/fs/bpf -mindepth 1 | tell "$1/pins"
    shift
    for step; do
        for what in processes losses; do
            dump "$step" $what | tell "$step/$what"
        done
    done
}

round() {
    lockdown=$(sed 's/.*\[//; s/\].*//' /sys/kernel/security/lockdown)
    bubble-chamber recorder --check --json | tell kernel/check

    data=/tmp/$lockdown
    start_up
    find /sys/fs/bpf -mindepth 1 | tell up/pins
    record storm storm 300 mix
    record codes deaths codes
    record leader-first burn leader-first 2 3000
    record thread-exec burn thread-exec 3 1000
    record_zombie
    stop_up stop storm codes leader-first thread-exec zombie

    data=/tmp/$lockdown.killed
    start_up
    record_killed
    stop_up stop-of-second killed
}

round
echo confidentiality >/sys/kernel/security/lockdown
round
echo done >&3
exec 3>&-
poweroff -f
