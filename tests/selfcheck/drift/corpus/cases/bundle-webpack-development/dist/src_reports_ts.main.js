"use strict";
exports.ids = ["src_reports_ts"];
exports.modules = {

/***/ "./src/reports.ts"
/*!************************!*\
  !*** ./src/reports.ts ***!
  \************************/
(__unused_webpack_module, __webpack_exports__, __webpack_require__) {

__webpack_require__.r(__webpack_exports__);
/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   "default": () => (__WEBPACK_DEFAULT_EXPORT__),
/* harmony export */   reports: () => (/* binding */ reports)
/* harmony export */ });
/* harmony import */ var express__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(/*! express */ "express");
/* harmony import */ var express__WEBPACK_IMPORTED_MODULE_0___default = /*#__PURE__*/__webpack_require__.n(express__WEBPACK_IMPORTED_MODULE_0__);

function reports() {
    const router = express__WEBPACK_IMPORTED_MODULE_0__.Router();
    router.get('/:year', (_req, res) => { res.end(); });
    return router;
}
/* harmony default export */ const __WEBPACK_DEFAULT_EXPORT__ = (reports);


/***/ }

};
;