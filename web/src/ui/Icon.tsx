const PATHS = {
  close: "M4 4l8 8M12 4l-8 8",
  plus: "M8 3v10M3 8h10",
  chevron: "M6 4l4 4-4 4",
  down: "M4 6l4 4 4-4",
  more: "M3.5 8h.01M8 8h.01M12.5 8h.01",
  search: "M7 2.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9M10.5 10.5l3 3",
  file: "M4 1.5h5l3.5 3.5v9.5H4zM9 1.5V5h3.5",
  folder: "M1.5 3.5h4.5l1.5 2h7v8h-13z",
  image: "M2 2.5h12v11H2zM2 11l3.5-3.5 3 3 2-2L14 12M10.5 5.5h.01",
  grip: "M6 3.5h.01M10 3.5h.01M6 8h.01M10 8h.01M6 12.5h.01M10 12.5h.01",
  upload: "M8 10.5v-8M4.5 6L8 2.5 11.5 6M2.5 10.5v3h11v-3",
  download: "M8 2.5v8M4.5 7L8 10.5 11.5 7M2.5 10.5v3h11v-3",
  edit: "M2.5 13.5l.7-3L10.5 3.2l2.3 2.3-7.3 7.3z",
  people:
    "M6 2.5a2.5 2.5 0 1 1 0 5 2.5 2.5 0 0 1 0-5M1.5 13.5c0-3 2-4.5 4.5-4.5s4.5 1.5 4.5 4.500M11 3a2.3 2.3 0 0 1 0 4.500M12 9.200c1.7.500 2.7 2 2.7 4.3",
  bell: "M3.500 11.500h9l-1.200-2V7a3.300 3.300 0 0 0-6.600 0v2.500zM6.800 13.800h2.400",
  branch:
    "M4.500 5.500v5M4.500 2.500a1.500 1.500 0 1 1 0 3 1.500 1.500 0 0 1 0-3M4.500 10.500a1.500 1.500 0 1 1 0 3 1.500 1.500 0 0 1 0-3M11.500 4.500a1.500 1.500 0 1 1 0 3 1.500 1.500 0 0 1 0-3M11.500 7.500c0 2-2.500 2-4.500 3",
  aside: "M2 2.500h12v11H2zM10 2.500v11",
  preview: "M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8M8 6a2 2 0 1 1 0 4 2 2 0 0 1 0-4",
} as const;

export type IconName = keyof typeof PATHS;

/** A 16 px line icon; decoration only, the control beside it carries the name. */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg className="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
