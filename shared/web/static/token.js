/** The token of this tab: forgotten with it, never in an address. */

const KEY = "evosplit.token";

/** @returns {string | null} */
export const token = () => sessionStorage.getItem(KEY);

/** @param {string} given */
export const keepToken = (given) => sessionStorage.setItem(KEY, given);

export const forgetToken = () => sessionStorage.removeItem(KEY);
