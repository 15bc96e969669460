# What the entry point of the image `postgres` does of the variables that the stack sets.
set -eu
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    initdb --username "$POSTGRES_USER" --pwfile "$POSTGRES_PASSWORD_FILE" --auth-local trust --auth-host scram-sha-256 > /dev/null
    echo "host all all all scram-sha-256" >> "$PGDATA/pg_hba.conf"
    pg_ctl --silent --wait --options "-c listen_addresses= -c unix_socket_directories=/run/postgresql" start
    createdb --host /run/postgresql --username "$POSTGRES_USER" "$POSTGRES_DB"
    pg_ctl --silent --wait stop
fi
exec postgres -c listen_addresses='*' -c unix_socket_directories=/run/postgresql
