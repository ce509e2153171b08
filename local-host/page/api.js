// Asks the local host: FortiSOAR's API, and what the page needs beside it.

import { parse } from "./json.js";

/** What FortiSOAR puts before a connector's own words. */
export const BEFORE = /^CS-INTEGRATION-5: .*? ERROR :: /;

/** What the host answered instead of doing what it was asked for. */
export class Failure extends Error {
  constructor(message, status, call) {
    super(message);
    this.status = status;
    this.call = call;
  }
}

/** Called where the host wants a sign-in. */
export const signIn = { wanted: () => {} };

/** An answer's JSON; null where there is nothing to read. */
export async function ask(method, path, body, signal) {
  const { data } = await answer(method, path, body, signal);
  return data;
}

/** An answer's JSON, and the number of the call that it came of. */
export async function answer(method, path, body, signal) {
  const isForm = body instanceof FormData;
  let response;
  try {
    response = await fetch(path, {
      method,
      signal,
      headers: body === undefined || isForm ? {} : { "Content-Type": "application/json" },
      body: body === undefined || isForm ? body : JSON.stringify(body),
    });
  } catch (fault) {
    if (fault.name === "AbortError") throw fault;
    throw new Failure(
      "The local host does not answer. Look whether it still runs: fsr-docker serve.",
      0,
      null,
    );
  }
  const call = Number(response.headers.get("x-call")) || null;
  const text = await response.text();
  let data = null;
  try {
    data = text === "" ? null : parse(text);
  } catch {
    throw new Failure(text.slice(0, 2000), response.status, call);
  }
  if (!response.ok) {
    if (response.status === 401 && path !== "/page/sign-in") signIn.wanted();
    throw new Failure(data?.message ?? `HTTP ${response.status}`, response.status, call);
  }
  return { data, call };
}

export const connectors = async () => (await ask("GET", "/api/integration/connectors/?page_size=1000")).data;
export const definition = (one) => ask("GET", `/api/integration/connectors/${one.name}/${one.version}/`);
export const history = async () => (await ask("GET", "/page/history")).calls;
export const call = (id) => ask("GET", `/page/history/${id}`);

/** How far the call of this name is: its parts, none of a call that does not run. */
export const progress = async (name) => (await ask("GET", `/page/progress/${name}`)).parts;

/** @typedef {{ signal?: AbortSignal, name?: string, unnoted?: boolean }} How */

/** Runs an operation. Aborting the signal cancels it; by `name` one may ask meanwhile how far it is. */
export function execute(connector, operation, config, params, /** @type {How} */ { signal, name, unnoted = false } = {}) {
  const body = { connector: connector.name, version: connector.version, operation, config, params };
  const how = unnoted ? "?unnoted=true" : name ? `?progress=${name}` : "";
  return answer("POST", `/api/integration/execute/${how}`, body, signal);
}

/** What a health check of a stored configuration finds. */
export function health(connector, config) {
  const path = `/api/integration/connectors/healthcheck/${connector.name}/${connector.version}/`;
  return ask("GET", `${path}?config=${encodeURIComponent(config)}`);
}

/** Uploads a file and answers its record. */
export function upload(file) {
  const form = new FormData();
  form.append("file", file, file.name);
  return ask("POST", "/api/3/files", form);
}

/** Installs a package. */
export function install(file, replace) {
  const form = new FormData();
  form.append("file", file, file.name);
  return ask("POST", `/api/3/solutionpacks/install?$type=connector${replace ? "&$replace=true" : ""}`, form);
}
