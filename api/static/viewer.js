// Shows the description of the API in Swagger UI.
const place = document.getElementById("viewer");

SwaggerUIBundle({
  domNode: place,
  url: place.dataset.document,
  deepLinking: true,
  validatorUrl: null, // or the address of this service would go to a validator on the internet
});
