/** What a name and a password of a user must be, as the gateway takes them. */
export const NAME_BYTES = Object.freeze({ least: 1, most: 128 });
export const PASSWORD_BYTES = Object.freeze({ least: 8, most: 256 });

const utf8 = new TextEncoder();

/**
 * @param {{name: string, password: string, again: string}} values as they stand in the fields
 * @returns {Partial<Record<'name' | 'password' | 'again', string>>} what is wrong, by field; empty if all is right
 */
export function setupProblems({ name, password, again }) {
  const problems = {};
  const nameBytes = bytes(name.trim());
  if (nameBytes < NAME_BYTES.least) problems.name = 'Enter the name that you want to sign in with.';
  else if (nameBytes > NAME_BYTES.most) problems.name = `At most ${NAME_BYTES.most} bytes; this one has ${nameBytes}.`;
  const passwordBytes = bytes(password);
  if (passwordBytes === 0) problems.password = 'Enter a password.';
  else if (passwordBytes < PASSWORD_BYTES.least) problems.password = `At least ${PASSWORD_BYTES.least} characters; this one has ${[...password].length}.`;
  else if (passwordBytes > PASSWORD_BYTES.most) problems.password = `At most ${PASSWORD_BYTES.most} bytes; this one has ${passwordBytes}.`;
  else if (name.trim() !== '' && password.toLowerCase() === name.trim().toLowerCase()) problems.password = 'The password must not be the name.';
  if (again === '' && passwordBytes > 0) problems.again = 'Enter the password once more.';
  else if (again !== password) problems.again = 'This is not the same password.';
  return problems;
}

function bytes(text) { return utf8.encode(text).length; }
