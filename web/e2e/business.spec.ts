/** What is done to a business once it is there: its numbers, its words and hours, its voice, its end and return. */
import { enter, expect, test } from "./dashboard";
import { becomeSomebody, freeNumber, makeBusiness, sandbox, stranger } from "./people";

test("a number is given to a business, taken back, and given to another", async ({ page, context }) => {
  const nia = stranger("Nia");
  await becomeSomebody(context.request, nia);
  const first = await makeBusiness(context.request, "Nia Dental");
  await sandbox("subscribe", nia.email, "pro");
  let second = "";
  // A second one is allowed as soon as the subscription is known.
  await expect(async () => {
    second = await makeBusiness(context.request, "Nia Dental Two");
  }).toPass({ timeout: 60_000 });

  const number = freeNumber();
  const numbers = page.getByRole("region", { name: "Numbers" });
  const release = numbers.getByRole("button", { name: /^Release number/ });
  const assign = async () => {
    await numbers.getByLabel("Give it a number").fill(number);
    await numbers.getByRole("button", { name: "Assign number" }).click();
    await expect(release).toBeVisible();
  };
  await enter(page, `/clients/${first}`);
  await assign();
  await release.click();
  await page.getByRole("dialog").getByRole("button", { name: "Release the number" }).click();
  await expect(numbers.getByText("No number yet")).toBeVisible();
  const history = page.getByRole("region", { name: "History" });
  await expect(history.getByText(/released the number/)).toBeVisible();
  await numbers.getByText("Which numbers it had, and when").click();
  await expect(numbers.getByRole("listitem")).toHaveText([/, from .+ to /]);

  await page.goto(`/clients/${second}`);
  await assign();
  await expect(history.getByText(/gave it the number/)).toBeVisible();
});

test("words are changed and restored, and hours are kept", async ({ page, context }) => {
  await becomeSomebody(context.request, stranger("Bea"));
  await enter(page, `/clients/${await makeBusiness(context.request, "Bea Dental")}`);
  const history = page.getByRole("region", { name: "History" });

  const says = page.getByRole("region", { name: "What it says" });
  const greeting = says.getByLabel("Greeting");
  await expect(greeting).not.toHaveValue("");
  const before = await greeting.inputValue();
  await greeting.fill("Bea Dental, hello.");
  await says.getByRole("button", { name: "Save what it says" }).click();
  await expect(history.getByText("Bea changed the greeting")).toBeVisible();
  await history.getByText("What it was").click();
  await expect(history.getByText("Bea Dental, hello.")).toBeVisible();
  await history.getByRole("button", { name: /^Restore/ }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Restore it" }).click();
  await expect(history.getByText("Bea restored an earlier version")).toBeVisible();
  await expect(greeting).toHaveValue(before);

  const hours = page.getByRole("region", { name: "Hours" });
  await hours.getByRole("button", { name: "Open on Monday" }).click();
  await hours.getByLabel("Monday, opens").fill("08:30");
  await hours.getByRole("button", { name: "Copy Monday to all days" }).click();
  await hours.getByRole("button", { name: /^Remove Sunday/ }).click();
  await expect(hours.getByRole("group", { name: "Sunday" })).toBeFocused();
  await hours.getByRole("button", { name: "Save hours" }).click();
  await expect(hours.getByText("Saved")).toBeVisible();
  await page.reload();
  await expect(hours.getByLabel("Saturday, opens")).toHaveValue("08:30");
  await expect(hours.getByRole("button", { name: "Open on Sunday" })).toBeVisible();
});

test("a voice sample is uploaded, heard and removed; the business is deleted and brought back", async ({
  page,
  context,
}) => {
  await becomeSomebody(context.request, stranger("Vic"));
  await enter(page, `/clients/${await makeBusiness(context.request, "Vic Dental")}`);
  const voice = page.getByRole("region", { name: "Voice sample" });

  await test.step("uploaded and heard", async () => {
    const file = { name: "my voice.wav", mimeType: "audio/wav", buffer: secondOfSilence() };
    await voice.getByLabel("Choose a file").setInputFiles(file);
    const sound = voice.getByLabel("Voice sample my voice.wav");
    await expect(sound).toBeVisible();
    await sound.evaluate((audio: HTMLAudioElement) => {
      audio.preload = "auto";
      audio.load();
    });
    await expect.poll(() => sound.evaluate((audio: HTMLAudioElement) => audio.duration)).toBeCloseTo(1, 1);
  });

  await test.step("removed", async () => {
    await voice.getByRole("button", { name: "Remove it" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Remove the sample" }).click();
    await expect(voice.getByText("None. Without one")).toBeVisible();
  });

  await test.step("deleted and brought back", async () => {
    // What is unsaved in it goes with it, unasked.
    await page.getByLabel("Greeting").fill("Half a thought");
    await page.getByRole("button", { name: "Delete this business" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Delete the business" }).click();
    await expect(page).toHaveURL(/\/clients$/);
    await expect(page.getByText("No business yet")).toBeVisible();
    await page.getByText("Deleted businesses").click();
    await page.getByRole("button", { name: "Bring back Vic Dental" }).click();
    await expect(page.getByRole("heading", { level: 1, name: "Vic Dental" })).toBeVisible();
    await expect(page.getByRole("region", { name: "History" }).getByText("Vic brought it back")).toBeVisible();
  });
});

/** WAV: one channel, 8,000 samples a second of 16 bits. */
function secondOfSilence() {
  const rate = 8_000;
  const head = Buffer.alloc(44);
  head.write("RIFF", 0);
  head.writeUInt32LE(36 + rate * 2, 4);
  head.write("WAVEfmt ", 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(rate, 24);
  head.writeUInt32LE(rate * 2, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.write("data", 36);
  head.writeUInt32LE(rate * 2, 40);
  return Buffer.concat([head, Buffer.alloc(rate * 2)]);
}
