/** What the live stream says, and how it is called on pages. Shared by both bundles; they talk by events on `document`. */

/** measure, lon, lat, accuracy_m (68 %), assumed 0/1, verdict 0–3, taken_s, battery %, strap 0 unknown 1 locked 2 open */
export type Row = [number, number, number, number, number, number, number, number | null, number];

export interface Person {
  number: string;
  name: string;
  county: string;
  office: string;
  url: string;
}

export interface Snapshot {
  t: string;
  rows: Row[];
  persons: Record<string, Person>;
}

export interface AlarmCard {
  id?: string;
  question?: string;
  measure?: number;
  [key: string]: unknown;
}

export type State = "outside" | "unknown" | "old" | "inside" | "none";

export const WORDS: Record<State, string> = {
  outside: "在范围外",
  unknown: "无法判断",
  old: "无新定位",
  inside: "在范围内",
  none: "暂不判断",
};

/** Seconds without a fix after which a person is drawn hollow. */
export const OLD_S = 600;

const VERDICTS: readonly State[] = ["none", "inside", "outside", "unknown"];

/** Outside stays outside until an officer or a new fix says otherwise; otherwise no fix for ten minutes is 无新定位. */
export function stateOf(row: Row, nowS: number): State {
  const verdict = VERDICTS[row[5]] ?? "none";
  if (verdict === "outside") return verdict;
  return nowS - row[6] > OLD_S ? "old" : verdict;
}

let offsetMs = 0;

/** The server's clock, milliseconds; the browser's own clock may be wrong. */
export const serverNow = (): number => Date.now() + offsetMs;

export function setServerTime(iso: string): void {
  const at = Date.parse(iso);
  if (Number.isFinite(at)) offsetMs = at - Date.now();
}

export interface Events {
  /** a whole picture: after load and after each reconnection */
  "sf:state": Snapshot;
  "sf:positions": { t: string; rows: Row[] };
  "sf:alarms": { rows: AlarmCard[] };
  "sf:status": { t: string; lag_s?: number; tracked?: number; fresh?: number };
  "sf:lost": { since: number };
  "sf:back": Record<string, never>;
  /** somebody came late and needs sf:state again */
  "sf:ask": Record<string, never>;
  "sf:select": { measure: number | null; from: string };
  "sf:say": { text: string };
}

export function tell<K extends keyof Events>(name: K, detail: Events[K]): void {
  document.dispatchEvent(new CustomEvent(name, { detail }));
}

export function hear<K extends keyof Events>(name: K, then: (detail: Events[K]) => void): () => void {
  const listener = (event: Event): void => then((event as CustomEvent<Events[K]>).detail);
  document.addEventListener(name, listener);
  return () => document.removeEventListener(name, listener);
}

hear("sf:status", ({ t }) => setServerTime(t));
hear("sf:positions", ({ t }) => setServerTime(t));
hear("sf:state", ({ t }) => setServerTime(t));
