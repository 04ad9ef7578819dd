import { Store } from "./store";

export const THEMES = ["system", "light", "dark", "contrast"] as const;
export type Theme = (typeof THEMES)[number];

export const THEME_NAMES: Record<Theme, string> = {
  system: "As the system",
  light: "Light",
  dark: "Dark",
  contrast: "High contrast",
};

const isTheme = (value: string | undefined): value is Theme => THEMES.some((theme) => theme === value);

// index.html has set the attribute before the first paint.
const chosen = document.documentElement.dataset.theme;

export const theme = new Store<Theme>(isTheme(chosen) ? chosen : "system");

export function setTheme(value: Theme): void {
  theme.set(value);
  document.documentElement.dataset.theme = value;
  try {
    localStorage.setItem("atrium:theme", value);
  } catch {
    // The choice then lasts as long as the page.
  }
}
