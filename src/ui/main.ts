/**
 * Where the page begins: the theme, the database of this page, the screen.
 */
import { mount } from "svelte";
import App from "./App.svelte";
import { PageDatabase } from "./db.svelte.ts";
import { Notices } from "./notices.svelte.ts";
import { openDatabase } from "./open.ts";
import "./theme.css";

const target = document.getElementById("app");
if (target === null) throw new Error("index.html has no #app");

const notices = new Notices();
// what nobody caught is told like everything else
window.addEventListener("error", (event) => notices.problem(event.error ?? event.message));
window.addEventListener("unhandledrejection", (event) => notices.problem(event.reason));

const pageDatabase = new PageDatabase(openDatabase, notices);
// a page that is put away for going back lets another tab have the database
window.addEventListener("pagehide", () => void pageDatabase.stop());
window.addEventListener("pageshow", (event) => {
  if (event.persisted) void pageDatabase.start();
});

mount(App, { target, props: { pageDatabase, notices } });
void pageDatabase.start();
