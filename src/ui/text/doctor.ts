/**
 * The steps of a diagnosis as people read them: one sentence for all, and each step with what to
 * do. A device is called as its networks call it.
 */
import type { DiagnosisStep } from "../../client/networkTypes.ts";
import { connectionMessages } from "../connectionMessages.ts";

export interface StepInWords {
  readonly key: string;
  readonly state: DiagnosisStep["state"];
  readonly text: string;
  readonly advice: string;
  /** Milliseconds since 1970; null: it says nothing. */
  readonly since: number | null;
}

/** Steps that are about one relay, one peer, or this device. */
export interface StepGroup {
  readonly key: string;
  /** Empty: this device. */
  readonly title: string;
  readonly steps: readonly StepInWords[];
}

export interface DoctorNames {
  readonly relay: (address: string) => string;
  readonly peer: (transportId: string) => string;
}

export const groupsOf = (
  steps: readonly DiagnosisStep[],
  names: DoctorNames,
): readonly StepGroup[] => {
  const groups = new Map<string, DiagnosisStep[]>();
  for (const step of steps) {
    const key = step.subject ?? (step.step === "peers" ? "peers" : "");
    groups.set(key, [...(groups.get(key) ?? []), step]);
  }
  return [...groups].map(([key, own]) => ({
    key,
    title: titleOf(own[0], names),
    steps: own.map(stepInWords),
  }));
};

export const stepInWords = (step: DiagnosisStep): StepInWords => {
  const { text, advice } = connectionMessages.step(step);
  const { tried, succeeded } = step.attempts ?? { tried: 0, succeeded: 0 };
  const attempts = tried === 0 ? [] : [connectionMessages.attempts(succeeded, tried)];
  return {
    ...{ key: `${step.step} ${step.subject ?? ""}`, state: step.state },
    text: [text, ...attempts].join(" "),
    advice: step.detail === null ? advice : connectionMessages.refusal(step.detail),
    since: step.state === "failed" ? step.since : null,
  };
};

/** All of it in one sentence, and how it is drawn. */
export const summaryOf = (
  steps: readonly DiagnosisStep[],
): { readonly text: string; readonly mood: "good" | "busy" | "warn" | "local" } => {
  const { summary } = connectionMessages;
  const peers = steps.filter(({ step, state }) => step === "peer" && state === "ok");
  const direct = peers.filter(({ reason }) => reason === "direct" || reason === "memory");
  const connected = peers.length === 0 ? "" : summary.well(peers.length, direct.length);
  const failed = steps.find(({ state }) => state === "failed");
  if (failed !== undefined) {
    const cause = `${summary.failed} ${connectionMessages.step(failed).text}`;
    return { text: `${connected} ${cause}`.trim(), mood: "warn" };
  }
  if (connected !== "") return { text: connected, mood: "good" };
  if (steps.some(({ reason }) => reason === "nobody-named")) {
    return { text: summary.alone, mood: "local" };
  }
  const hasNone = steps.some(({ step, reason }) => step === "peers" && reason === "no-network");
  const isReady = steps.some(({ step, state }) => step === "reservation" && state === "ok");
  return hasNone && isReady
    ? { text: summary.noNetwork, mood: "local" }
    : { text: summary.trying, mood: "busy" };
};

const titleOf = (step: DiagnosisStep | undefined, { relay, peer }: DoctorNames): string => {
  if (step === undefined || step.subject === null) return "";
  return step.step === "peer" ? peer(step.subject) : relay(step.subject);
};

/** How it stands with a relay, from its steps. */
export const relayStateOf = (
  steps: readonly DiagnosisStep[],
  address: string,
): keyof typeof connectionMessages.relayStates => {
  const stateOf = (name: DiagnosisStep["step"]): DiagnosisStep["state"] | undefined =>
    steps.find(({ step, subject }) => step === name && subject === address)?.state;
  if (stateOf("relay") === "failed") return "failed";
  if (stateOf("relay") === "skipped" && isSame(steps, address)) return "same";
  if (stateOf("relay") !== "ok") return "connecting";
  return stateOf("reservation") === "ok" ? "reserved" : "connected";
};

const isSame = (steps: readonly DiagnosisStep[], address: string): boolean =>
  steps.some(({ reason, subject }) => reason === "same-relay" && subject === address);
