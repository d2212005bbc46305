# The service: `docker compose up`, see docs/serve.md.
FROM python:3.12-slim

RUN useradd --create-home --uid 1000 ocr && install -d -o ocr -g ocr /data
WORKDIR /src
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY src src
RUN pip install --no-cache-dir '.[serve,pdf]'

USER ocr
ENV WORDSIGHT_DATA=/data WORDSIGHT_HOME=/data/home WORDSIGHT_LOG_JSON=true
VOLUME /data
EXPOSE 8080
HEALTHCHECK --start-period=60s CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8080/readyz')"]
CMD ["wordsight", "serve", "--host", "0.0.0.0"]
