# The bot, as it runs. No build stage: Node runs the TypeScript sources.
# Pin the base by digest when you build it for production: docker build --build-arg BASE=node:24-bookworm-slim@sha256:…
ARG BASE=node:24-bookworm-slim
FROM ${BASE} AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --omit=optional --ignore-scripts

FROM ${BASE}
# git makes the patches; gnupg is for sops files with PGP recipients; igzip (isal) packs four times as fast as zlib.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends ca-certificates git gnupg isal \
 && rm -rf /var/lib/apt/lists/*
# sops: give the release’s address and sha256 as build arguments; the build stops where they do not match.
ARG SOPS_URL=https://github.com/getsops/sops/releases/download/v3.11.0/sops-v3.11.0.linux.amd64
ARG SOPS_SHA256
ADD --checksum=sha256:${SOPS_SHA256} --chmod=0755 ${SOPS_URL} /usr/local/bin/sops
WORKDIR /app
COPY --from=packages /app/node_modules node_modules
COPY package.json ./
COPY src src
COPY config config
RUN mkdir data && chown node:node data
# What Node has compiled is kept in the image: a start takes half the time and memory. It asks nobody. The
# packing thread is started from there for its code alone: without an order it ends at once.
ENV NODE_COMPILE_CACHE=/app/compiled MALLOC_ARENA_MAX=2
RUN node -e "import('./src/composition.ts').then(() => new worker_threads.Worker('./src/packing/worker.ts').on('error', () => {}))" \
 && node src/cli.ts check-config || true
USER node
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000
VOLUME /app/data
# Slack’s requests, or health and metrics; OPS_PORT, where Slack speaks HTTP, is for inside only.
EXPOSE 3000
# Any answer is a sign of life: where Slack speaks HTTP without OPS_PORT, it is that there is no such page.
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
  CMD ["node", "-e", "const { PORT, OPS_PORT } = process.env; fetch(`http://127.0.0.1:${OPS_PORT || PORT}/livez`).then(() => process.exit(0), () => process.exit(1))"]
CMD ["node", "--disable-sigusr1", "--max-semi-space-size=4", "src/main.ts"]
