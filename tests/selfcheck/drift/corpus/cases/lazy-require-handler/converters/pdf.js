export const convert = () => 'pdf';
