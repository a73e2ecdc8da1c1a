/**
 * What somebody imported, or a peer wrote, is text: 500 documents that try to be markup, scripts
 * and styles, in values, in names of fields and in ids, through every place that shows them. None
 * runs, none asks the browser for anything, none breaks the layout.
 */
import { expect, test, type Page } from "@playwright/test";
import { open } from "./steps.ts";

const hit = "window.hit=1";

const payloads: readonly string[] = [
  `<script>${hit}</script>`,
  `<img src=x onerror="${hit}">`,
  `<svg onload="${hit}">`,
  `"><svg/onload=${hit}>`,
  `'-${hit}-'`,
  `<iframe srcdoc="<script>parent.hit=1</script>"></iframe>`,
  `<a href="javascript:${hit}">click</a>`,
  `javascript:${hit}`,
  `data:text/html,<script>${hit}</script>`,
  `<math><mtext><style><img src onerror=${hit}>`,
  `<template><img src=x onerror=${hit}></template>`,
  `</title><script>${hit}</script>`,
  `<style>@import "//evil.example/x.css"; * { display: none !important }</style>`,
  `<link rel=stylesheet href=//evil.example/x.css>`,
  `<base href="//evil.example/">`,
  `<meta http-equiv=refresh content="0;url=//evil.example">`,
  `<form action=//evil.example><button autofocus onfocus=${hit}>`,
  `<details open ontoggle=${hit}>`,
  `<input autofocus onfocus=${hit}>`,
  `{{constructor.constructor("${hit}")()}}`,
  `\${${hit}}`,
  `{@html "<script>${hit}</script>"}`,
  "\u202Egnp.exe\u202C",
  "\u0000\u0001\u0007\u001b[31m",
  "a".repeat(3_000),
];

/** 20 documents for each: alone, twisted, in a list, deep inside, as a field's name, as an id. */
const documents = payloads.flatMap((payload, at) =>
  Array.from({ length: 20 }, (_, turn) => {
    const text = [payload, payload.toUpperCase(), `x ${payload}`, payload + payload][turn % 4];
    const name = payload.replace(/[.$\u0000-\u001f]/g, "").slice(0, 100);
    return {
      id: `${at}-${turn} ${payload.slice(0, 200).replace(/[\u0000-\u001f]/g, "")}`,
      title: text,
      list: [payload, payload],
      deep: { text: payload },
      [name === "" ? "name" : name]: payload,
    };
  }),
);

const watch = async (page: Page): Promise<void> => {
  await page.addInitScript(() => {
    Object.assign(window, { violations: [] });
    document.addEventListener("securitypolicyviolation", ({ blockedURI, violatedDirective }) => {
      // Put there above
      (window as unknown as { violations: string[] }).violations.push(
        `${violatedDirective} ${blockedURI}`,
      );
    });
  });
};

const expectCalm = async (page: Page): Promise<void> => {
  const found = await page.evaluate(() => ({
    hit: "hit" in window,
    // Put there before the page began
    violations: (window as unknown as { violations: string[] }).violations,
    foreign: document.querySelectorAll(
      "#app :is(script, iframe, link, base, meta, style, math, template)," +
        "#app form[action], #app a[href^='java']",
    ).length,
    images: [...document.querySelectorAll("#app img")].filter(
      (image) => image.getAttribute("src") !== "/favicon.svg",
    ).length,
    overflows: document.documentElement.scrollWidth > window.innerWidth,
  }));
  expect(found).toEqual({ hit: false, violations: [], foreign: 0, images: 0, overflows: false });
};

for (const width of [1280, 390]) {
  test(`500 hostile documents at ${width}`, async ({ page }) => {
    await page.setViewportSize({ width, height: 800 });
    await watch(page);
    const elsewhere: string[] = [];
    page.on("request", (request) => {
      if (request.url().includes("evil")) elsewhere.push(request.url());
    });
    await open(page);
    const name = `<img src=x onerror=${hit}>`;
    await page.getByLabel("Name of the collection").fill(name);
    await page.getByRole("button", { name: "Make collection" }).click();
    await page.getByRole("button", { name: "Import, export…" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("File").setInputFiles({
      name: "hostile.json",
      mimeType: "application/json",
      buffer: Buffer.from(JSON.stringify(documents)),
    });
    await dialog.getByRole("button", { name: "Import", exact: true }).click();
    await expect(dialog.getByText("500 documents imported", { exact: true })).toBeVisible();
    await dialog.getByRole("button", { name: "Close" }).click();
    await expectCalm(page);

    const table = page.getByRole("table");
    for (let screen = 0; screen < 60; screen++) {
      const isEnd = await table.evaluate((element) => {
        element.scrollTop += element.clientHeight;
        return element.scrollTop + element.clientHeight >= element.scrollHeight - 1;
      });
      await expect(table.getByText("…", { exact: true })).toHaveCount(0);
      if (isEnd) break;
    }
    await expectCalm(page);

    for (const title of ["<script>", "<svg onload", "<details open"]) {
      await page.getByRole("searchbox").fill(title);
      // In the head of the table such names stand too, as columns
      await table.locator("[data-at]").first().getByRole("button").first().click();
      const editor = page.getByRole("dialog", { name: "Edit document" });
      await editor.getByRole("radio", { name: "JSON" }).check();
      await expectCalm(page);
      await editor.getByRole("button", { name: "Close" }).click();
      await page
        .getByRole("button", { name: /^Delete/ })
        .first()
        .click();
    }
    await expectCalm(page);
    expect(elsewhere).toEqual([]);
  });
}
