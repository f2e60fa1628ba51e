/** The colours of the page (tokens.css), read once per theme, for things that CSS cannot reach: the canvas. */
const NAMES = [
  "paper", "surface", "ink", "ink-2", "ink-3", "accent", "inside", "outside", "unknown", "hatch", "land", "land-line",
  "land-focus", "border-line", "water", "water-ink", "road", "rail-line", "line-strong",
] as const;

export type Tokens = Record<(typeof NAMES)[number], string>;

export function readTokens(): Tokens {
  const style = getComputedStyle(document.documentElement);
  return Object.fromEntries(NAMES.map((name) => [name, style.getPropertyValue(`--${name}`).trim()])) as Tokens;
}
