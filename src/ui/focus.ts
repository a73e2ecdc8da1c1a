/**
 * Where the focus goes by itself: to what a question or a form begins with, and after a refused
 * form to what is wrong, so that nobody searches.
 */
import { tick } from "svelte";

/** As an attachment: the focus goes there as soon as it is shown. */
export const focus = (element: HTMLElement): void => element.focus();

/** The first field of the form that is marked as wrong, once the marks are drawn. */
export const focusFault = async (form: HTMLElement): Promise<void> => {
  await tick();
  const field = form.querySelector('[aria-invalid="true"]');
  if (!(field instanceof HTMLElement)) return;
  field.focus({ preventScroll: true });
  field.scrollIntoView({ block: "center" });
};
