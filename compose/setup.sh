#!/bin/sh
# Everything that must not be in an image or in a repository: made once, by the service `setup`, before the others
# start. Each folder below /setup is a volume for one service, and holds no more than that service needs.
# The certificates of cloud and edge are renewed whenever this runs; both take them up while they serve.
set -eu
umask 077
cd /setup

# put MODE FILE PLACE: whole or not at all, for what reads it meanwhile.
put() { install -m "$1" "$2" "$3.new" && mv "$3.new" "$3"; }

# secret PLACE: 256 random bits, unless they are there.
secret() {
    [ -s "$1" ] && return
    python -c 'import secrets; print(secrets.token_urlsafe(32))' > /tmp/new
    put 600 /tmp/new "$1"
}

# token NAME SCOPES TIER MODE PLACE: a token of a tier, unless it is there; only its hash stays with the tier.
token() {
    [ -s "$5" ] && return
    evosplit tokens revoke "$1" --tier "$3" --data "$3-data" 2> /dev/null || true
    evosplit tokens add "$1" --scopes "$2" --tier "$3" --data "$3-data" 2> /dev/null > /tmp/new
    put "$4" /tmp/new "$5"
}

# certificate SERVICE HOST...: for the names by which the service is reached.
certificate() {
    evosplit certs server "$@" --folder authority
    put 600 "authority/$1.key" "$1/tls.key"
    put 644 "authority/$1.pem" "$1/tls.pem"
    put 644 authority/ca.pem "$1/ca.pem"
}

# shellcheck disable=SC2086 # several names
certificate cloud localhost 127.0.0.1 ${EVOSPLIT_HOSTS:-}
# shellcheck disable=SC2086
certificate edge localhost 127.0.0.1 ${EVOSPLIT_HOSTS:-}
secret cloud/token
secret edge/token
secret cloud/cluster
put 600 cloud/cluster worker/cluster
token edge infer,plan,read cloud 600 edge/cloud-token
token prometheus read edge 444 prometheus/edge-token
token prometheus read cloud 444 prometheus/cloud-token
put 444 authority/ca.pem prometheus/ca.pem
secret authority/grafana-password
put 444 authority/grafana-password grafana/password
secret authority/database-password
put 444 authority/database-password database/password
# The same for those who ask: a password file of PostgreSQL's clients (PGPASSFILE).
printf 'database:5432:evosplit:evosplit:%s\n' "$(cat authority/database-password)" > /tmp/pgpass
put 600 /tmp/pgpass cloud/pgpass
put 600 /tmp/pgpass worker/pgpass
