# magneto as an explicit proxy: one file of JavaScript on the official Node image.
#
#   docker build --tag magneto .
#   docker run --rm magneto version
#
# Named by tag here; the release workflow builds on the digest that the tag has at that time, and writes it
# into the image's labels. To pin a build of your own: --build-arg NODE_IMAGE=node@sha256:… (the digest is
# printed by `docker buildx imagetools inspect`).
ARG NODE_IMAGE=node:26-trixie-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
COPY scripts ./scripts
COPY src ./src
RUN npm run --silent build && chmod 0755 dist/magneto.cjs
# The one library that cannot be bundled, for it is machine code: what of it is needed to run.
RUN mkdir -p dist/node_modules && cp -r node_modules/koffi node_modules/@koromix dist/node_modules/ \
  && rm -rf dist/node_modules/koffi/vendor dist/node_modules/koffi/cnoke.cjs \
    dist/node_modules/@koromix/*/musl_* \
  && find dist/node_modules -type f ! -name '*.js' ! -name '*.cjs' ! -name '*.node' \
    ! -name package.json ! -name 'LICENSE*' -delete \
  && find dist/node_modules -type d -empty -delete

FROM ${NODE_IMAGE}
# Any user may write here, because `--user` may name any; the sticky bit keeps each one's files his.
RUN mkdir /cassettes /certs /trust \
  && chown 1000:1000 /cassettes /certs /trust && chmod 1777 /cassettes /certs /trust \
  && ln -s /app/magneto.cjs /usr/local/bin/magneto \
  && rm -rf /usr/local/lib/node_modules /usr/local/include \
    /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /usr/local/bin/yarn* /opt/yarn*
COPY --from=build /build/dist/ /app/
ENV NODE_ENV=production \
  MAGNETO_CASSETTE_DIR=/cassettes \
  MAGNETO_CERT_DIR=/certs \
  MAGNETO_TRUST_DIR=/trust \
  MAGNETO_HOST=0.0.0.0,:: \
  MAGNETO_CONTROL_HOST=0.0.0.0,::
VOLUME /cassettes /certs /trust
EXPOSE 8888 8889
# A number, so that Kubernetes can see that it is not root.
USER 1000:1000
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="magneto" \
  org.opencontainers.image.description="Records real HTTP, HTTPS and WebSocket traffic, and replays it" \
  org.opencontainers.image.licenses="MIT" \
  org.opencontainers.image.version="${VERSION}" \
  org.opencontainers.image.revision="${REVISION}"
HEALTHCHECK --interval=5s --timeout=6s --start-period=60s --retries=3 \
  CMD ["node", "/app/magneto.cjs", "health"]
ENTRYPOINT ["node", "/app/magneto.cjs"]
CMD ["serve"]
