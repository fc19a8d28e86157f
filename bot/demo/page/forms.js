// The words that simcord puts around a form, in the reader's language; Discord's own forms have them, too.

/** simcord's texts, and their translations. Read as: # stands for a number, {} for any text; their order is the same.
 * @type {Record<string, Record<"de" | "es" | "fr" | "pt", string>>} */
const WORDS = {
  "This form will be submitted to {}. Do not share passwords or other sensitive information.": {
    de: "Dieses Formular wird an {} gesendet. Gib keine Passwörter oder andere vertrauliche Angaben ein.",
    es: "Este formulario se enviará a {}. No compartas contraseñas ni otros datos confidenciales.",
    fr: "Ce formulaire sera envoyé à {}. N'y indique ni mot de passe ni autre donnée sensible.",
    pt: "Este formulário será enviado para {}. Não informe senhas nem outros dados sensíveis.",
  },
  "Cancel": { de: "Abbrechen", es: "Cancelar", fr: "Annuler", pt: "Cancelar" },
  "Submit": { de: "Absenden", es: "Enviar", fr: "Envoyer", pt: "Enviar" },
  "Apply": { de: "Übernehmen", es: "Aplicar", fr: "Appliquer", pt: "Aplicar" },
  "SimCord selection draft": { de: "Auswahl", es: "Selección", fr: "Sélection", pt: "Seleção" },
  "Search options": { de: "Suchen", es: "Buscar", fr: "Rechercher", pt: "Buscar" },
  "No available options": {
    de: "Nichts zur Auswahl", es: "No hay opciones", fr: "Aucune option", pt: "Nenhuma opção disponível",
  },
  "Select an option": { de: "Auswählen", es: "Elige una opción", fr: "Choisir", pt: "Selecione uma opção" },
  "Select one or more options": {
    de: "Eine oder mehrere auswählen", es: "Elige una o más opciones", fr: "Choisir une ou plusieurs options",
    pt: "Selecione uma ou mais opções",
  },
  "Drop files here or ": {
    de: "Dateien hierher ziehen oder ", es: "Arrastra archivos aquí o ", fr: "Déposer des fichiers ici ou ",
    pt: "Solte arquivos aqui ou ",
  },
  "browse": { de: "durchsuchen", es: "búscalos", fr: "parcourir", pt: "procure" },
  "Upload up to # files, # MiB per file.": {
    de: "Bis zu # Dateien, je # MiB.", es: "Hasta # archivos, de # MiB cada uno.",
    fr: "Jusqu'à # fichiers, # Mio chacun.", pt: "Até # arquivos, de # MiB cada.",
  },
  "# selected. Choose #–# options.": {
    de: "# ausgewählt. Wähle # bis # aus.", es: "Elegidas: #. Elige de # a #.", fr: "# choisi(s). Choisis-en de # à #.",
    pt: "Selecionadas: #. Escolha de # a #.",
  },
  "# selected, # at most.": {
    de: "# ausgewählt, höchstens #.", es: "Elegidas: #, como máximo #.", fr: "# choisi(s), # au plus.",
    pt: "Selecionadas: #, no máximo #.",
  },
  "This field is required.": {
    de: "Dieses Feld ist erforderlich.", es: "Este campo es obligatorio.", fr: "Ce champ est obligatoire.",
    pt: "Este campo é obrigatório.",
  },
  "Choose at least one value.": {
    de: "Wähle mindestens eins aus.", es: "Elige al menos una opción.", fr: "Choisis au moins une option.",
    pt: "Escolha pelo menos uma opção.",
  },
  "Enter no more than # characters.": {
    de: "Gib höchstens # Zeichen ein.", es: "Escribe como máximo # caracteres.", fr: "# caractères au plus.",
    pt: "Digite no máximo # caracteres.",
  },
};
/** @type {[RegExp, Record<string, string>][]} */
const PATTERNS = Object.entries(WORDS).map(([text, words]) => [
  new RegExp(`^${text.replace(/[.*+?()[\]\\^$|]/g, "\\$&").replace(/#/g, "(\\d+)").replace("{}", "(.+)")}$`), words,
]);
const RANGE = /^(\d+) selected\. Choose \d+–(\d+) options\.$/;

/** Say a text of simcord's in a language. @param {string} text @param {string} language @param {boolean} optional */
function said(text, language, optional) {
  // simcord asks for one of an optional list's options, too, which nobody has to choose.
  const english = optional ? text.replace(RANGE, "$1 selected, $2 at most.") : text;
  for (const [pattern, words] of PATTERNS) {
    const [found, ...values] = pattern.exec(english) ?? [];
    if (found) return words[language]?.replace(/#|\{\}/g, () => values.shift() ?? "") ?? english;
  }
  return english;
}

/** Keep the words around forms in the reader's language. @param {HTMLElement} root @param {() => string} locale */
export function translateForms(root, locale) {
  const all = () => {
    const language = locale().slice(0, 2);
    const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    for (let node = texts.nextNode(); node; node = texts.nextNode()) {
      const optional = node.parentElement?.closest("[data-optional]")?.getAttribute("data-optional") === "true";
      const now = said(node.nodeValue ?? "", language, optional);
      if (now !== node.nodeValue) node.nodeValue = now;
    }
  };
  new MutationObserver(all).observe(root, { childList: true, subtree: true, characterData: true });
}
