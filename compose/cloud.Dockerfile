# The cloud tier: Ray Serve, the plan service and the bundle registry. Build from the repository's root.
FROM python:3.11-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/evosplit
WORKDIR /source
# Dependencies first: they change less often than the code, and the layer is kept.
COPY pyproject.toml constraints.txt LICENSE README.md ./
RUN /opt/evosplit/bin/pip install --quiet --constraint constraints.txt '.[fleet]'
COPY . .
RUN /opt/evosplit/bin/pip install --quiet --no-deps --force-reinstall .

FROM python:3.11-slim
RUN useradd --system --uid 10001 --home-dir /tmp --no-create-home evosplit \
    && install --directory --owner evosplit --group evosplit /data /models /secrets /setup \
    && for volume in authority cloud worker edge prometheus grafana database cloud-data edge-data; do \
        install --directory --owner evosplit --group evosplit "/setup/$volume"; done
COPY --from=build /opt/evosplit /opt/evosplit
# Everything that is written goes to /tmp (memory) or /data (a volume): the root file system is read-only.
ENV PATH=/opt/evosplit/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    HOME=/tmp \
    NUMBA_CACHE_DIR=/data/numba
USER evosplit
VOLUME /data
EXPOSE 8000
ENTRYPOINT ["evosplit"]
CMD ["cloud", "--models", "/models", "--host", "0.0.0.0", "--data", "/data"]
