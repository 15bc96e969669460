#!/bin/sh
# The HAProxy that Ray Serve starts (RAY_SERVE_HAPROXY_BINARY_PATH), with our configuration after Serve's own.
# Serve's pages that ask for no token (statistics, metrics) are kept on the loopback. Its error pages are of text,
# and those of a backend come before those of the side that listens.
set -eu
for argument; do
    case "$argument" in
        */haproxy.cfg) sed -i -E -e 's/^( *bind )[*]?:/\1127.0.0.1:/' -e '/^ *errorfile /d' "$argument" ;;
    esac
done
exec "$EVOSPLIT_HAPROXY" "$@" -f "$EVOSPLIT_FRONT"
