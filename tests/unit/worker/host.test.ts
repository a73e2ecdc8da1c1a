/** What the leader's database tells by itself: how things stand to whoever comes, the rest once. */
import { expect, test } from "vitest";
import { InMemoryAdapter } from "../../../src/storage/memory.ts";
import type { ServiceEvent } from "../../../src/worker/api.ts";
import { createLocalEngine } from "../../../src/worker/localEngine.ts";
import { openHost } from "../../../src/worker/tabs/host.ts";

test("a message is told to the tabs that are there, and to none that comes later", async () => {
  const { service } = createLocalEngine(new InMemoryAdapter());
  const request = { name: "host", durability: "strict" } as const;
  let tell: (event: ServiceEvent) => void = () => undefined;
  const hosting = await openHost(
    {
      ...service,
      open: (asked, emit) => {
        tell = emit;
        return service.open(asked, emit);
      },
      release: () => service.close(),
    },
    request,
    () => undefined,
  );
  if (!hosting.ok) throw new Error(hosting.error.message);
  const heard: Record<string, string[]> = { early: [], late: [] };
  const join = (name: string): unknown =>
    hosting.value.join(request, ({ kind }) => heard[name]?.push(kind));
  join("early");
  const message = { networkId: "n", device: "d", type: "t", timestamp: 1, payload: null };
  tell({ kind: "message", message });
  join("late");
  expect(heard["early"]).toContain("message");
  expect(heard["late"]).not.toContain("message");
  expect(heard["late"]).toContain("networks");
  await service.close();
});
