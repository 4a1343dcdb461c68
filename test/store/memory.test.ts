import { MemoryStore } from '../../src/store/memory.ts';
import { cleanableStoreContract } from './contract.ts';

cleanableStoreContract(async () => new MemoryStore());
