// A call to copy: as a shell command, and as a request to FortiSOAR's API.

/** `fsr-docker run stop_container id=web t=5`
 * @param {any} operation @param {Record<string, any>} given what the form sets @param {Record<string, any>} [config] */
export function shellCommand(operation, given, config) {
  const secrets = secretsOf(operation.parameters);
  const words = Object.entries(given).map(([name, value]) =>
    secrets.has(name)
      ? `${name}="$${name.toUpperCase()}"`
      : quoted(`${name}=${typeof value === "string" ? value : JSON.stringify(value)}`),
  );
  return ["fsr-docker", ...address(config ?? {}), "run", operation.operation, ...words].join(" ");
}

/** A request by curl. The key is not in it.
 * @param {any} connector @param {any} operation @param {string} config @param {Record<string, any>} given */
export function restCall(connector, operation, config, given) {
  const secrets = secretsOf(operation.parameters);
  const params = Object.fromEntries(
    Object.entries(given).map(([name, value]) => [name, secrets.has(name) ? "********" : value]),
  );
  const body = {
    connector: connector.name,
    version: connector.version,
    operation: operation.operation,
    config,
    params,
  };
  return [
    `curl --cacert "$STATE/certificate.pem" ${location.origin}/api/integration/execute/`,
    `-H "Authorization: API-KEY $(cat "$STATE/api-key")"`,
    "-H 'Content-Type: application/json'",
    `-d ${quoted(JSON.stringify(body))}`,
  ].join(" \\\n  ");
}

/** The engine's address as fsr-docker takes it, as far as a configuration says it. */
function address(/** @type {Record<string, any>} */ { protocol, server_address: server, port, ssh_username: user }) {
  if (!server) return [];
  const name = String(server).replace(/^unix:\/\//, "");
  const host = name.includes(":") ? `[${name}]` : name;
  const at = (usual) => `${host}:${port || usual}`;
  switch (protocol) {
    case "UNIX":
      return ["-H", quoted(`unix://${name}`)];
    case "HTTP":
      return ["-H", quoted(`tcp://${at(2375)}`)];
    case "HTTPS":
      return ["-H", quoted(`tcp://${at(2376)}`), "--tlsverify"];
    case "SSH":
      return ["-H", quoted(`ssh://${user ? `${user}@` : ""}${at(22)}`)];
    default:
      return [];
  }
}

function secretsOf(fields) {
  const found = new Set();
  const look = (field) => {
    if (field.type === "password") found.add(field.name);
    for (const further of Object.values(field.onchange ?? {})) further.forEach(look);
  };
  (fields ?? []).forEach(look);
  return found;
}

/** A word as a shell reads it. */
function quoted(word) {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
