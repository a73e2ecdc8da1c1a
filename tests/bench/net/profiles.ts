/**
 * The browsers of a round, each Chromium on a profile of its own, and what lies between them: the
 * relay as people run it, and links that can be slow or cut.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BrowserContext, Page } from "playwright";
import { startRelayProcess, type RelayProcess } from "../../support/relayProcess.ts";
import { createRandom } from "../../support/random.ts";
import { launchOn } from "../support/site.ts";
import { createShape, type LinkSettings, type Shape } from "./link/shape.ts";
import { openTcpWay, type TcpWay } from "./link/tcp.ts";
import { createUdpLink, type UdpLink } from "./link/udp.ts";
import { shapePeers } from "./page/shapedPeers.ts";

export interface Profile {
  readonly name: string;
  readonly page: () => Page;
  /** The relay as this profile reaches it over a link of its own. */
  readonly farRelay: string;
  /** A new page; with a collection to watch, one that measures its own load. */
  readonly load: (watch?: string) => Promise<Page>;
  /** Leaves no page of the site. */
  readonly leave: () => Promise<void>;
  /** Starts the browser anew on the same data, from now on with datagrams over the shaped link. */
  readonly shapeDatagrams: () => Promise<void>;
  readonly isShaped: () => boolean;
  readonly setOffline: (isOffline: boolean) => Promise<void>;
}

export interface Ground {
  /** The relay, as everybody reaches it. */
  readonly relay: string;
  readonly profile: (name: string) => Promise<Profile>;
  /** Of the links to the relay: one way. */
  readonly setRelayLinks: (settings: LinkSettings) => void;
  /** Of the datagrams between the profiles that shape them. */
  readonly setPeerLinks: (settings: LinkSettings) => void;
  /** Nothing passes any shaped link. */
  readonly cut: () => void;
  readonly join: () => void;
  readonly close: () => Promise<void>;
}

export const openGround = async (url: string, seed: number): Promise<Ground> => {
  const directory = await mkdtemp(join(tmpdir(), "nebulus-net-"));
  const data = join(directory, "relay");
  const relay = await startRelayProcess(["--port", "0", "--static", directory, "--data", data]);
  const state: State = {
    ...{ url, directory, relay, random: createRandom(seed) },
    udp: createUdpLink(),
    ...{ profiles: [], ways: [], relayShapes: [], peerShapes: new Map() },
  };
  const allShapes = (): readonly Shape[] => [...state.relayShapes, ...state.peerShapes.values()];
  return {
    relay: relayAddress(relay.port),
    profile: (name) => openProfile(state, name),
    setRelayLinks: (settings) => {
      for (const shape of state.relayShapes) shape.set(settings);
    },
    setPeerLinks: (settings) => {
      for (const shape of state.peerShapes.values()) shape.set(settings);
    },
    cut: () => {
      for (const shape of allShapes()) shape.cut();
    },
    join: () => {
      for (const shape of allShapes()) shape.join();
    },
    close: async () => {
      for (const { context } of state.profiles) await context.close();
      for (const shape of allShapes()) shape.stop();
      for (const way of state.ways) await way.close();
      state.udp.close();
      await relay.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
};

interface State {
  readonly url: string;
  readonly directory: string;
  readonly relay: RelayProcess;
  readonly random: ReturnType<typeof createRandom>;
  readonly udp: UdpLink;
  readonly profiles: Running[];
  readonly ways: TcpWay[];
  readonly relayShapes: Shape[];
  /** By the profile from which the datagrams come. */
  readonly peerShapes: Map<string, Shape>;
}

interface Running {
  readonly name: string;
  context: BrowserContext;
  page: Page | null;
  isShaped: boolean;
}

const relayAddress = (port: number): string => `/ip4/127.0.0.1/tcp/${port}/ws`;

const openProfile = async (state: State, name: string): Promise<Profile> => {
  const ways = { up: createShape(state.random), down: createShape(state.random) };
  state.relayShapes.push(ways.up, ways.down);
  const way = await openTcpWay(state.relay.port, ways);
  state.ways.push(way);
  const running: Running = {
    ...{ name, context: await launch(state, name, false), page: null, isShaped: false },
  };
  state.profiles.push(running);
  return {
    name,
    page: () => {
      if (running.page === null) throw new Error(`${name} has no page`);
      return running.page;
    },
    farRelay: relayAddress(way.port),
    load: (watch) => load(state, running, watch),
    leave: () => leave(running),
    async shapeDatagrams() {
      await running.context.close();
      Object.assign(running, { page: null, isShaped: true });
      running.context = await launch(state, name, true);
      state.peerShapes.set(name, createShape(state.random));
    },
    isShaped: () => running.isShaped,
    setOffline: (isOffline) => running.context.setOffline(isOffline),
  };
};

const launch = (state: State, name: string, isShaped: boolean): Promise<BrowserContext> =>
  launchOn(join(state.directory, name), [
    // Memory is to be measured when it is asked for, not at the next collection of garbage
    "--enable-blink-features=ForceEagerMeasureMemory",
    // The link must know a place to send to, not a name of it
    ...(isShaped ? ["--disable-features=WebRtcHideLocalIpsWithMdns"] : []),
  ]);

const load = async (state: State, running: Running, watch?: string): Promise<Page> => {
  await leave(running);
  const page = await running.context.newPage();
  page.setDefaultTimeout(0);
  running.page = page;
  if (running.isShaped) await shape(state, running, page);
  const address = new URL(state.url);
  if (watch !== undefined) address.searchParams.set("watch", watch);
  await page.goto(address.href);
  await page.waitForFunction(() => "netBench" in window);
  return page;
};

/** The first page of a profile stays, so that its browser does. */
const leave = async (running: Running): Promise<void> => {
  await running.page?.close();
  running.page = null;
};

/** Every other profile's datagrams come back over that one's link. */
const shape = async (state: State, { name }: Running, page: Page): Promise<void> => {
  await page.exposeFunction("shapedPlace", (address: string, port: number) => {
    const out = state.peerShapes.get(name);
    const back = [...state.peerShapes].find(([other]) => other !== name)?.[1];
    if (out === undefined || back === undefined) throw new Error("no two profiles are shaped");
    return state.udp.placeFor({ address, port }, out, back);
  });
  await page.addInitScript(shapePeers);
};
