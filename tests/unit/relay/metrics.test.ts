/** What Prometheus reads: the text format, and that no stranger's word comes into it. */
import { expect, test } from "vitest";
import { createCounts, gaugesOf, statusToCount } from "../../../relay/counts.ts";
import {
  createCounter,
  createCounters,
  createGauge,
  renderMetrics,
} from "../../../relay/metrics.ts";

test("each metric is shown with its help, its type and its samples", () => {
  const requests = createCounters("http_total", "Requests.", "status", ["200", "404"]);
  const bytes = createCounter("bytes_total", "Bytes.");
  const memory = createGauge("memory_bytes", "Memory.", () => 1.5);
  requests.add("404");
  requests.add("404");
  bytes.add();
  bytes.add(41);
  expect(renderMetrics([requests, bytes, memory])).toBe(
    [
      "# HELP http_total Requests.",
      "# TYPE http_total counter",
      'http_total{status="200"} 0',
      'http_total{status="404"} 2',
      "# HELP bytes_total Bytes.",
      "# TYPE bytes_total counter",
      "bytes_total 42",
      "# HELP memory_bytes Memory.",
      "# TYPE memory_bytes gauge",
      "memory_bytes 1.5",
    ].join("\n"),
  );
});

test("every name, help and label of the relay is one that the format allows", () => {
  const none = { connections: 0, reservations: 0, pages: 0, relayed: 0, relays: 0, providers: 0 };
  const all = [...createCounts().all, ...gaugesOf(() => none, 0)];
  expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
  for (const { name, help, type, samples } of all) {
    expect(name).toMatch(/^[a-z][a-z0-9_]+$/);
    expect(name.endsWith("_total")).toBe(type === "counter");
    // a line break or a backslash would need to be escaped
    expect(help).toMatch(/^[\w ,.:/'-]+\.$/);
    for (const { labels, value } of samples()) {
      expect(labels).toMatch(/^(\{[a-z]+="[a-z0-9 ]+"\})?$/);
      expect(Number.isFinite(value)).toBe(true);
    }
  }
});

test("a status that is not expected is counted among the others", () => {
  expect([200, 503, 418].map(statusToCount)).toEqual(["200", "503", "other"]);
});
