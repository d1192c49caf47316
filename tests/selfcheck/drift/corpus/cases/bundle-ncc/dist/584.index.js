"use strict";
exports.id = 584;
exports.ids = [584];
exports.modules = {

/***/ 584:
/***/ ((__unused_webpack_module, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   reports: () => (/* binding */ reports)
/* harmony export */ });
/* harmony import */ var express__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(929);
/* harmony import */ var express__WEBPACK_IMPORTED_MODULE_0___default = /*#__PURE__*/__webpack_require__.n(express__WEBPACK_IMPORTED_MODULE_0__);

function reports() {
    const router = express__WEBPACK_IMPORTED_MODULE_0__.Router();
    router.get('/:year', (_req, res) => { res.end(); });
    return router;
}
/* unused harmony default export */ var __WEBPACK_DEFAULT_EXPORT__ = ((/* unused pure expression or super */ null && (reports)));


/***/ })

};
;