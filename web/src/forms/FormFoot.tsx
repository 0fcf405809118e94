/** Under a form: the button that says what it does, and that it was done. */
import type { FieldValues } from "react-hook-form";
import { Button } from "../ui/Button";
import { Saved } from "../ui/Saved";
import type { Kept } from "./form";

interface Props<In extends FieldValues, Out> {
  kept: Kept<In, Out>;
  does: string;
  said?: string;
}

export function FormFoot<In extends FieldValues, Out>({ kept, does, said }: Props<In, Out>) {
  return (
    <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
      <Button look="strong" type="submit" disabled={kept.busy}>
        {does}
      </Button>
      <Saved shown={kept.saved} over={kept.saidSaved}>
        {said}
      </Saved>
    </div>
  );
}
