#!/usr/bin/env bash
# Book one device from many clients at the same time, and count the bookings that succeed.
set -u

usage() {
    cat <<'TEXT'
usage: test-race-condition.sh [-n CLIENTS] [DEVICE]

Sends CLIENTS (default: 10) bookings of one device at once, shows how many succeeded and which bookings
they opened, and releases the device. Without DEVICE, it uses the first available device.

  example:      ./test-race-condition.sh -n 20 device-03
  DEVICE_URL    URL of device-service (default: the one from lab url)

exit codes: 0 one booking succeeded, 1 more than one succeeded, 2 the test could not be run
TEXT
}

give_up() {
    printf 'test-race-condition.sh: %s\n' "$1" >&2
    exit 2
}

ask() {
    curl --silent --noproxy '*' --connect-timeout 5 --max-time 30 "$@"
}

post() { # book|release CLIENT: print the HTTP status to stderr and the body to stdout
    ask --write-out '%{stderr}%{http_code}\n' --header 'Content-Type: application/json' \
        --data "{\"workflow_id\": \"$run-$2\"}" "$url/devices/$device/$1"
}

is_available() { # filter the devices on standard input, one per line
    grep -E '"status" *: *"available"'
}

first_available() {
    ask "$url/devices" | tr -d '\n' | tr '}' '\n' | is_available | sed -nE 's/.*"id" *: *"([^"]+)".*/\1/p' | head -n 1
}

release_all() { # release for every client: requests of those without the device are refused
    wait
    for client in $(seq "$clients"); do
        post release "$client" >/dev/null 2>&1
    done
    rm -rf "$answers"
}

clients=10
device=
while [ $# -gt 0 ]; do
    case $1 in
        -h | --help)
            usage
            exit 0
            ;;
        -n)
            clients=${2:-}
            shift
            ;;
        -*) give_up "$1 is not an option: see --help" ;;
        *) device=$1 ;;
    esac
    shift
done
here=$(cd "$(dirname "$0")" && pwd)
url=${DEVICE_URL:-$(PATH=$here/.venv/bin:$PATH lab -C "$here" url device-service)} ||
    give_up "the address of device-service is not known: start the lab, or set DEVICE_URL"
url=${url%/}

command -v curl >/dev/null || give_up "curl is needed, and was not found"
[[ $clients =~ ^[1-9][0-9]{0,2}$ && $clients -ge 2 ]] || give_up "-n takes a number of clients from 2 to 999"
ask --fail --output /dev/null "$url/health" || give_up "device-service does not answer at $url: is the lab up?"
device=${device:-$(first_available)}
[ -n "$device" ] || give_up "no device is available: release one first"
[[ $device =~ ^[A-Za-z0-9_-]+$ ]] || give_up "'$device' cannot be a device's id"
ask "$url/devices/$device" | is_available >/dev/null || give_up "device $device is not available: choose another"

run=race-$$-$RANDOM
answers=$(mktemp -d) || give_up "a temporary folder could not be created"
trap release_all EXIT
trap 'exit 130' INT TERM

printf 'Booking %s from %d clients at once\n' "$device" "$clients"
for client in $(seq "$clients"); do
    post book "$client" >"$answers/$client.body" 2>"$answers/$client.code" &
done
wait

succeeded=$(grep -lx 200 "$answers"/*.code)
printf '\nOpen bookings of %s:\n' "$device"
for answer in $succeeded; do
    printf '  %s\n' "$(tr -d '\n' <"${answer%.code}.body")"
done
count=$(wc -w <<<"$succeeded")
printf '\nAnswers by HTTP code:\n'
sort "$answers"/*.code | uniq -c
printf '\n%d of %d bookings succeeded\n' "$count" "$clients"
[ "$count" -gt 0 ] || give_up "no booking succeeded, so the test shows nothing"
[ "$count" -eq 1 ]
