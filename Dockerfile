# The server with its built web editor: `docker build -t atrium .`
# Runs as a user without rights, on a read-only root; what it keeps is in /data.

FROM python:3.11-slim-bookworm AS build
ENV UV_PROJECT_ENVIRONMENT=/opt/atrium UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1 UV_PYTHON_DOWNLOADS=never
RUN pip install --no-cache-dir uv==0.13.8
WORKDIR /src
COPY pyproject.toml uv.lock README.md ./
RUN uv sync --frozen --no-dev --no-install-project
COPY . .
RUN uv sync --frozen --no-dev --no-editable

FROM python:3.11-slim-bookworm
LABEL org.opencontainers.image.title="Atrium" org.opencontainers.image.licenses="MIT"
RUN useradd --system --uid 10001 --no-create-home atrium \
    && install --directory --owner=atrium --mode=0700 /data
COPY --from=build /opt/atrium /opt/atrium
ENV PATH=/opt/atrium/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    ATRIUM_HOST=0.0.0.0 \
    ATRIUM_DATA_DIR=/data \
    ATRIUM_LOG_FORMAT=json
USER 10001
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]
ENTRYPOINT ["atrium"]
CMD ["serve"]
