// Shows the description of the API in Swagger UI.
const place = /** @type {HTMLElement} */ (document.getElementById("viewer"));

/** @type {{SwaggerUIBundle: (options: Record<string, unknown>) => unknown}} a script before this one puts it there */
const { SwaggerUIBundle } = /** @type {any} */ (window);
SwaggerUIBundle({
  domNode: place,
  url: place.dataset.document,
  deepLinking: true,
  validatorUrl: null, // or the address of this service would go to a validator on the internet
});
