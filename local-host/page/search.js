// Which operations a search means: by title first, then by Docker's and the shell's words, then by what is told of them.

import { presentation } from "./presentation.js";

/** The operations that fit, the best first.
 * @param {any} connector @param {any[]} all @param {string} text */
export function search(connector, all, text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return all;
  const phrase = words.join(" ");
  const rank = (one) => {
    const title = one.title.toLowerCase();
    const titled = title.split(/\s+/);
    const known = (presentation(connector, one).words ?? []).map((word) => word.toLowerCase());
    if (title === phrase || one.operation === phrase) return 0;
    if (known.includes(phrase)) return 1 + known.indexOf(phrase) / 100;
    if (words.every((word) => titled.some((other) => other === word))) return 2;
    if (words.every((word) => titled.some((other) => other.startsWith(word)))) return 3;
    if (words.every((word) => title.includes(word) || one.operation.includes(word))) return 4;
    if (words.every((word) => `${title} ${known.join(" ")}`.includes(word))) return 5;
    const told = `${title} ${one.operation} ${known.join(" ")} ${one.description ?? ""}`.toLowerCase();
    return words.every((word) => told.includes(word)) ? 6 : null;
  };
  return all
    .map((one, index) => ({ one, index, rank: rank(one) }))
    .filter((found) => found.rank !== null)
    .sort((one, other) => one.rank - other.rank || one.index - other.index)
    .map((found) => found.one);
}
