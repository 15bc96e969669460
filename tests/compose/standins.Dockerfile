# Stand-ins for images of others, from Debian's packages: the same program, paths, users and variables.
FROM debian:bookworm-slim AS debian
RUN apt-get -q update

FROM debian AS prometheus
RUN apt-get -q install --yes --no-install-recommends busybox prometheus > /dev/null \
    && ln -s /bin/busybox /usr/local/bin/wget \
    && install --directory --owner nobody /prometheus
USER nobody
VOLUME /prometheus
ENTRYPOINT ["prometheus"]
CMD ["--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus"]

FROM debian AS mosquitto
RUN apt-get -q install --yes --no-install-recommends mosquitto mosquitto-clients > /dev/null \
    && groupadd --gid 1883 broker && useradd --uid 1883 --gid 1883 broker \
    && install --directory --owner broker --group broker /mosquitto/config /mosquitto/data
CMD ["mosquitto", "-c", "/mosquitto/config/mosquitto.conf"]

FROM debian AS postgres
RUN groupadd --gid 999 postgres && useradd --uid 999 --gid 999 --home-dir /var/lib/postgresql postgres \
    && apt-get -q install --yes --no-install-recommends postgresql > /dev/null \
    && install --directory --owner postgres --group postgres --mode 700 /var/lib/postgresql/data
ENV PATH=/usr/lib/postgresql/15/bin:$PATH PGDATA=/var/lib/postgresql/data
COPY postgres-entrypoint.sh /
ENTRYPOINT ["sh", "/postgres-entrypoint.sh"]
