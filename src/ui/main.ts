/**
 * Where the page begins: the theme, the database of this page, the screen.
 */
import { mount } from "svelte";
import App from "./App.svelte";
import { PageDatabase } from "./db.svelte.ts";
import { messages } from "./messages.ts";
import { Notices } from "./notices.svelte.ts";
import { openDatabase } from "./open.ts";
import { Update } from "./update.svelte.ts";
import "./theme.css";

const target = document.getElementById("app");
if (target === null) throw new Error("index.html has no #app");

const notices = new Notices();
// what nobody caught is told like everything else
window.addEventListener("error", ({ error, message }) => {
  // the browser says so of sizes that it tells with the next frame, which is no fault of anything
  if (message.startsWith("ResizeObserver loop")) return;
  notices.problem(error ?? message);
});
window.addEventListener("unhandledrejection", (event) => notices.problem(event.reason));

const pageDatabase = new PageDatabase(openDatabase, notices);
const update = new Update(() => pageDatabase.stop());
pageDatabase.onOutdated = () => {
  update.isReady = true;
};

mount(App, { target, props: { pageDatabase, notices, update } });
void pageDatabase.start().then(() => {
  // behind the opening, which somebody waits for; the development server has none
  if (!import.meta.env.PROD || !("serviceWorker" in navigator)) return;
  update.register().catch((error: unknown) => {
    notices.warning(messages.update.notOffline, String(error));
  });
});
