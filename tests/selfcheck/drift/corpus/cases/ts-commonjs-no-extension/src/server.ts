import express = require('express');
import { attach } from './api';

const server = express();
attach(server);
server.listen(9000);
