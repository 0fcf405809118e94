/** What a role in an account is called, and what it may do. */
interface Words {
  name: string;
  a: string;
  may: string;
}

const WORDS: Partial<Record<string, Words>> = {
  owner: { name: "Owner", a: "the owner", may: "everything, members, keys and payments included." },
  manager: {
    name: "Manager",
    a: "a manager",
    may: "you see its calls and payments, and change its businesses, numbers and what the receptionist says.",
  },
  reader: { name: "Reader", a: "a reader", may: "you see its calls, businesses, figures and payments, and change nothing." },
};

export function roleWords(role: string): Words {
  return WORDS[role] ?? { name: role, a: role, may: "as the owner of the account says." };
}
