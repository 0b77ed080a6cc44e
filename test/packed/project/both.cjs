const required = require('@sallyport/core')

import('@sallyport/core').then((imported) => console.log(imported.VerificationError === required.VerificationError))
